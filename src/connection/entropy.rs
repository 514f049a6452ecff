//! Unpredictable bytes for masking keys (RFC 6455 §5.3, §10.3) and nonces (§4.1).

use alloc::boxed::Box;
use core::fmt;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// A client's source of masking keys and nonces: a ChaCha generator, seeded once, that is never
/// shared or copied.
///
/// Masking keys protect proxies between the peers from bytes that an attacker chose (§10.3), so
/// their source must be unpredictable: [`Entropy::from_os`], or a seed of the same quality.
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
    // Boxed so that servers, which need none, have no room for its 320 bytes.
    generator: Box<StdRng>,
}

impl Entropy {
    /// Seeds the generator from the operating system.
    ///
    /// # Errors
    ///
    /// [`NoEntropy`] if the operating system provides no random bytes. There is no weaker fallback.
    #[cfg(feature = "std")]
    pub fn from_os() -> Result<Self, NoEntropy> {
        let generator = StdRng::try_from_rng(&mut rand::rngs::SysRng).map_err(|_| NoEntropy)?;
        Ok(Self { generator: Box::new(generator) })
    }

    /// Seeds the generator with the caller's bytes: for targets without an operating system, and
    /// for tests. The seed must come from a strong source and be used once: two connections with
    /// one seed have the same masking keys.
    #[must_use]
    #[inline]
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self { generator: Box::new(StdRng::from_seed(seed)) }
    }

    pub(super) fn masking_key(&mut self) -> [u8; 4] {
        self.generator.next_u32().to_ne_bytes()
    }

    pub(crate) fn nonce(&mut self) -> [u8; 16] {
        let (low, high) = (self.generator.next_u64(), self.generator.next_u64());
        (u128::from(high) << 64 | u128::from(low)).to_le_bytes()
    }
}

/// Shows nothing: the state predicts every later key.
impl fmt::Debug for Entropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entropy").finish_non_exhaustive()
    }
}

/// The operating system provides no random bytes, so no masking key is safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoEntropy;

impl fmt::Display for NoEntropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the system provides no random bytes; pass your own to Entropy::from_seed")
    }
}

impl core::error::Error for NoEntropy {}
