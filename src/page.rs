//! The position in a page of large buffers that are copied from and to.
//!
//! A copy takes many times as long if the source is some bytes before the destination, modulo the
//! page size: the processor mistakes the bytes that it reads for those that it has just written
//! (4K aliasing). The kernel's socket buffers begin at the start of a page, or shortly after it, so
//! our read and write buffers begin in the middle of a page.

/// The page size in bytes by which processors compare addresses, whatever the system's page size.
pub(crate) const PAGE: usize = 4096;

/// Returns the number of bytes from the start of `memory` to the next middle of a page.
pub(crate) fn mid_page_padding(memory: &[u8]) -> usize {
    (PAGE / 2).wrapping_sub(memory.as_ptr().addr()) % PAGE
}
