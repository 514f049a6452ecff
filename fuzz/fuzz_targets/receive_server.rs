//! Whatever a client sends to a server: no panic; what a slow and obvious model makes of the same
//! bytes, and no more; the end at most once and nothing after it; output of whole and good frames;
//! memory within what was received and a constant.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sansocket::Role;

fuzz_target!(|bytes: &[u8]| sansocket_fuzz::check_received(Role::Server, bytes));
