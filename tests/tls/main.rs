//! TLS: certificates, the environment, and a blocking stream that is read and written at once.

#[cfg(any(feature = "rustls-ring", feature = "rustls-aws-lc-rs"))]
mod certificates;
#[cfg(any(feature = "rustls-ring", feature = "rustls-aws-lc-rs"))]
mod duplex;
#[cfg(any(feature = "rustls-ring", feature = "rustls-aws-lc-rs"))]
mod ends;
#[cfg(any(feature = "rustls-ring", feature = "rustls-aws-lc-rs"))]
mod environment;
#[cfg(any(feature = "rustls-ring", feature = "rustls-aws-lc-rs"))]
mod handshake;
#[cfg(any(feature = "rustls-ring", feature = "rustls-aws-lc-rs"))]
mod parts;
#[cfg(not(any(feature = "rustls-ring", feature = "rustls-aws-lc-rs")))]
mod provider;
#[cfg(any(feature = "rustls-ring", feature = "rustls-aws-lc-rs"))]
mod proxies;
#[cfg(any(feature = "rustls-ring", feature = "rustls-aws-lc-rs"))]
mod records;
#[cfg(any(feature = "rustls-ring", feature = "rustls-aws-lc-rs"))]
mod redirects;
#[cfg(any(feature = "rustls-ring", feature = "rustls-aws-lc-rs"))]
mod urls;
