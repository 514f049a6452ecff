//! Rules for the source itself: its layers, and the requirements of the RFCs that it obeys.

mod crates;
mod files;
mod layers;
mod must;
