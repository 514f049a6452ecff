//! Where in a page memory begins that much is copied from and to.
//!
//! A copy takes many times as long where the source lies some bytes before the destination, whole
//! pages apart: the processor takes what it reads for what it has just written. What the system
//! copies what it reads from a socket from, and what is written to, begins with a page, or not far
//! behind its beginning. So what we read into and write from begins in the middle of one.

/// The size of a page, in bytes: what processors go by, whatever size the system's pages have.
pub(crate) const PAGE: usize = 4096;

/// How many bytes to leave out at the beginning of this memory, so as to begin in the middle of a
/// page: less than a page.
pub(crate) fn mid_page_padding(memory: &[u8]) -> usize {
    (PAGE / 2).wrapping_sub(memory.as_ptr().addr()) % PAGE
}
