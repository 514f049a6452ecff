//! Timeouts that connections have in common, so that an idle one does not keep a copy.

use std::borrow::Borrow;
use std::sync::Arc;

use crate::timing::Timeouts;

/// Timeouts: none for the default, which is in the program, else one copy for all connections of
/// the same options.
#[derive(Clone, Debug, Default)]
pub(in crate::adapter) struct Common(Option<Arc<Timeouts>>);

impl Common {
    pub(in crate::adapter) fn get(&self) -> &Timeouts {
        self.0.as_deref().unwrap_or(&Timeouts::DEFAULT)
    }
}

impl From<Timeouts> for Common {
    fn from(timeouts: Timeouts) -> Self {
        Self((timeouts != Timeouts::DEFAULT).then(|| Arc::new(timeouts)))
    }
}

impl Borrow<Timeouts> for Common {
    fn borrow(&self) -> &Timeouts {
        self.get()
    }
}
