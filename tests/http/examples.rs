//! The examples in the docs of HTTP servers, to be tested: in the library's own package they would
//! need these servers as dependencies of every example and test.

#![doc = include_str!(concat!(env!("OUT_DIR"), "/examples.md"))]
