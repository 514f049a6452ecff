//! Any bytes that a client sends to a server: no panic; the same events as a slow model; `Closed`
//! at most once and nothing after it; output of complete, valid frames; memory bounded by the
//! received bytes and a constant.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sansocket::Role;

fuzz_target!(|bytes: &[u8]| sansocket_fuzz::check_received(Role::Server, bytes));
