//! What an [`Exchange`](super::Exchange) needs of a side of the opening handshake: its bytes.

use bytes::{Buf, BufMut};

use crate::connection::Connection;
use crate::handshake::{ClientHandshake, Rejection, ServerHandshake};

/// One side of an HTTP exchange: nobody else can implement this.
pub trait Handshake: Sealed {}

/// The wire side of a handshake.
pub trait Sealed {
    /// Bytes to write, if this side writes.
    #[doc(hidden)]
    fn output(&mut self) -> Option<&mut dyn Buf>;

    /// Appends received bytes.
    #[doc(hidden)]
    fn received(&mut self, bytes: &[u8]);

    /// Nothing more will be received.
    #[doc(hidden)]
    fn end_input(&mut self);

    /// Whether nothing but the body of a refusal is waited for.
    #[doc(hidden)]
    fn waits_for_body(&self) -> bool {
        false
    }

    /// Waits no longer for that body.
    #[doc(hidden)]
    fn skip_body(&mut self) {}
}

/// The wire side of a type that has such methods of its own.
macro_rules! wire_side {
    ($type:ty, |$handshake:ident| $output:expr $(; $($body:tt)*)?) => {
        impl Handshake for $type {}

        impl Sealed for $type {
            fn output(&mut self) -> Option<&mut dyn Buf> {
                let $handshake = self;
                $output
            }

            fn received(&mut self, bytes: &[u8]) {
                self.input().put_slice(bytes);
            }

            fn end_input(&mut self) {
                Self::end_input(self);
            }

            $($($body)*)?
        }
    };
}

wire_side!(ServerHandshake, |_handshake| None);
wire_side!(Connection, |connection| Some(connection.output()));
wire_side! { ClientHandshake, |handshake| Some(handshake.output());
    fn waits_for_body(&self) -> bool {
        self.refusal().is_some()
    }

    fn skip_body(&mut self) {
        Self::skip_body(self);
    }
}

impl Handshake for Rejection {}

impl Sealed for Rejection {
    fn output(&mut self) -> Option<&mut dyn Buf> {
        Some(Self::output(self))
    }

    /// What a rejected client still sends is discarded.
    fn received(&mut self, _: &[u8]) {}

    fn end_input(&mut self) {}
}
