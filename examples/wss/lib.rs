//! TLS for a server: its certificate, made for a run or read from files, and its configuration.
//!
//! | file | contents |
//! |---|---|
//! | issued | a certificate that is made for a run, and the authority that signs it |
//! | files | a certificate in files, which are read again when they change |
//! | server_config | the configuration of rustls with either of them |

mod files;
mod issued;
mod server_config;

use std::error::Error;

pub use self::issued::{Issued, issue};
pub use self::server_config::{config_of, config_on_the_spot};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;
