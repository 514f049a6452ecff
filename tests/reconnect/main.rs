//! A client that connects again after a failure: RFC 6455 §7.2.3.

mod retryable;
