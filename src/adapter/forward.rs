//! Writes of tokio's `AsyncWrite` that go to whichever stream a type has.

/// Implements `AsyncWrite` for a type with a field that is one of several streams. The macro that
/// is named makes a call on the stream: `on!(reference to the field, stream => call)`. A function
/// may change the errors.
macro_rules! forward_writes {
    ($type:ident.$field:tt, $on:ident $(, $map_err:ident)?) => {
        impl ::tokio::io::AsyncWrite for $type {
            #[inline]
            fn poll_write(
                mut self: std::pin::Pin<&mut Self>,
                cx: &mut std::task::Context<'_>,
                bytes: &[u8],
            ) -> std::task::Poll<std::io::Result<usize>> {
                $on!(&mut self.$field, stream => std::pin::Pin::new(stream).poll_write(cx, bytes))
                    $(.map_err($map_err))?
            }

            #[inline]
            fn poll_write_vectored(
                mut self: std::pin::Pin<&mut Self>,
                cx: &mut std::task::Context<'_>,
                slices: &[std::io::IoSlice<'_>],
            ) -> std::task::Poll<std::io::Result<usize>> {
                $on!(&mut self.$field, stream => {
                    std::pin::Pin::new(stream).poll_write_vectored(cx, slices)
                })
                $(.map_err($map_err))?
            }

            #[inline]
            fn is_write_vectored(&self) -> bool {
                $on!(&self.$field, stream => stream.is_write_vectored())
            }

            #[inline]
            fn poll_flush(
                mut self: std::pin::Pin<&mut Self>,
                cx: &mut std::task::Context<'_>,
            ) -> std::task::Poll<std::io::Result<()>> {
                $on!(&mut self.$field, stream => std::pin::Pin::new(stream).poll_flush(cx))
                    $(.map_err($map_err))?
            }

            fn poll_shutdown(
                mut self: std::pin::Pin<&mut Self>,
                cx: &mut std::task::Context<'_>,
            ) -> std::task::Poll<std::io::Result<()>> {
                $on!(&mut self.$field, stream => std::pin::Pin::new(stream).poll_shutdown(cx))
                    $(.map_err($map_err))?
            }
        }
    };
}

pub(crate) use forward_writes;
