#![no_std]
//! WebSocket (RFC 6455) as a sans-IO core.

pub mod wire;
