//! The conversion of one direction: frames that pass unchanged, or messages that are compressed
//! differently.

use sansocket::CloseFrame;

use crate::frames::{End, Frames};
use crate::transcoder::Transcoder;

pub(crate) enum Flow {
    /// Both sides have agreed on the same compression, or on none.
    Frames(Frames),
    /// The two sides have agreed on different compression.
    Messages(Box<Transcoder>),
}

impl Flow {
    /// Converts received bytes: the first ones in place, or into new bytes. Returns how many of
    /// them were taken.
    pub(crate) fn pass(&mut self, bytes: &mut [u8], made: &mut Vec<u8>) -> usize {
        match self {
            Self::Frames(frames) => frames.pass(bytes),
            Self::Messages(messages) => messages.pass(bytes, made),
        }
    }

    /// Whether the bytes that were taken are changed in place.
    pub(crate) fn is_in_place(&self) -> bool {
        matches!(self, Self::Frames(_))
    }

    /// Whether there is more output without further input.
    pub(crate) fn has_more(&self) -> bool {
        matches!(self, Self::Messages(messages) if messages.is_full())
    }

    /// Returns the number of remaining bytes of the current frame. It is zero between two frames:
    /// the proxy may send a frame of its own there, also inside a message if it is a control frame
    /// (RFC 6455 §5.4).
    pub(crate) fn left(&self) -> u64 {
        match self {
            Self::Frames(frames) => frames.left(),
            Self::Messages(_) => 0,
        }
    }

    /// Why no further frame is passed on.
    pub(crate) fn end(&self) -> Option<End> {
        match self {
            Self::Frames(frames) => frames.end(),
            Self::Messages(messages) => messages.end(),
        }
    }

    /// Whether a Close frame of this side was passed on.
    pub(crate) fn has_closed(&self) -> bool {
        self.end() == Some(End::Close)
    }

    /// A Close frame of the proxy, in place of a further frame of this side.
    pub(crate) fn close_frame(&mut self, frame: &CloseFrame) -> Vec<u8> {
        match self {
            Self::Frames(frames) => frames.close_frame(frame),
            Self::Messages(messages) => messages.source.close_frame(frame),
        }
    }
}
