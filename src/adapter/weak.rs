//! Senders for registries, which do not keep the connection: the same type in every adapter.

/// Defines `WeakSender` with these parameters, the bounds that its statistics need, and
/// `Sender::downgrade`. The last expression makes a sender of what it shares.
macro_rules! weak_sender {
    ([$($parameter:ident),*] [$($bounds:tt)*] $Shared:ty, $upgrade:expr) => {
        /// A [`Sender`] that does not keep the connection in memory, for lists of all connections.
        /// Made by [`Sender::downgrade`].
        pub struct WeakSender<$($parameter),*> {
            shared: std::sync::Weak<$Shared>,
        }

        impl<$($parameter),*> WeakSender<$($parameter),*> {
            /// A sender of the connection; `None` once its receiver and all its senders are
            /// dropped.
            #[must_use]
            pub fn upgrade(&self) -> Option<Sender<$($parameter),*>> {
                self.shared.upgrade().map($upgrade)
            }
        }

        impl<$($parameter),*> WeakSender<$($parameter),*>
        where $($bounds)* {
            /// What was received, sent, queued and dropped, in numbers, by all halves; `None` once
            /// the receiver and all senders are dropped.
            #[must_use]
            pub fn stats(&self) -> Option<$crate::connection::Stats> {
                self.shared.upgrade().map(|shared| shared.stats())
            }
        }

        impl<$($parameter),*> Sender<$($parameter),*> {
            /// A sender that does not keep the connection in memory.
            #[must_use]
            pub fn downgrade(&self) -> WeakSender<$($parameter),*> {
                WeakSender { shared: Arc::downgrade(&self.shared) }
            }
        }

        impl<$($parameter),*> Clone for WeakSender<$($parameter),*> {
            fn clone(&self) -> Self {
                Self { shared: self.shared.clone() }
            }
        }

        impl<$($parameter),*> fmt::Debug for WeakSender<$($parameter),*> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct("WeakSender").finish_non_exhaustive()
            }
        }
    };
}

pub(super) use weak_sender;
