//! The sans-IO core: wire format, frames, messages, closing, deadlines.

mod borrowed;
mod chunking;
mod chunks;
mod closing;
mod conveniences;
mod debug;
mod exhaustive;
mod formatting;
mod frames;
mod prepared;
mod requirements;
mod sent_frames;
mod stats;
mod thresholds;
mod timing;
mod wire;
