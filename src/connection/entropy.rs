//! Unpredictable bytes for masking keys (RFC 6455 §5.3, §10.3) and nonces (§4.1).

use alloc::boxed::Box;
use core::fmt;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// A client's source of masking keys and nonces: a ChaCha generator, seeded once, that is never
/// shared or copied.
///
/// Masking keys protect proxies between the peers from bytes that an attacker chose (§10.3), so
/// their source must be one that nobody can predict: [`Entropy::from_os`], or a seed that is as
/// good.
///
/// ```
/// use sansocket::{Config, Connection, Entropy};
///
/// # #[cfg(feature = "std")]
/// let connection = Connection::client(Config::new(), Entropy::from_os()?);
/// # #[cfg(feature = "std")]
/// # Ok::<(), sansocket::NoEntropy>(())
/// ```
pub struct Entropy {
    // Boxed so that servers, who need none, don't carry its 320 bytes.
    generator: Box<StdRng>,
}

impl Entropy {
    /// Seeded by the operating system.
    ///
    /// # Errors
    ///
    /// [`NoEntropy`] if the operating system has no random bytes to give. There is no fallback,
    /// because a weak one is worse than none.
    #[cfg(feature = "std")]
    pub fn from_os() -> Result<Self, NoEntropy> {
        let generator = StdRng::try_from_rng(&mut rand::rngs::SysRng).map_err(|_| NoEntropy)?;
        Ok(Self { generator: Box::new(generator) })
    }

    /// Seeded by the caller: for systems without an operating system, and for tests. A seed must
    /// come from a strong source and be used once, since two connections with one seed have the
    /// same masking keys.
    #[must_use]
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self { generator: Box::new(StdRng::from_seed(seed)) }
    }

    pub(super) fn masking_key(&mut self) -> [u8; 4] {
        self.generator.next_u32().to_ne_bytes()
    }

    pub(crate) fn nonce(&mut self) -> [u8; 16] {
        let mut nonce = [0; 16];
        self.generator.fill_bytes(&mut nonce);
        nonce
    }
}

/// Shows nothing: whoever knows the state knows every key to come.
impl fmt::Debug for Entropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entropy").finish_non_exhaustive()
    }
}

/// The operating system gives no random bytes, so no connection can be opened safely.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoEntropy;

impl fmt::Display for NoEntropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the operating system gives no random bytes; pass a seed of your own with Entropy::from_seed")
    }
}

impl core::error::Error for NoEntropy {}
