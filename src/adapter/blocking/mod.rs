//! Connections on blocking streams: `std::net`, and whatever else reads and writes.

mod stream;

pub use self::stream::{Stream, TryClone};
