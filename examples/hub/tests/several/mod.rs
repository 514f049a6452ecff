//! Several hubs behind one broker: Redis and NATS, each with the same tests.

use crate::run::{Client, within};

/// Runs each test behind each broker that is installed.
macro_rules! behind_each_broker {
    ($($tests:tt)*) => {
        #[cfg(feature = "redis")]
        mod redis {
            behind_broker!(Redis: $($tests)*);
        }

        #[cfg(feature = "nats")]
        mod nats {
            behind_broker!(Nats: $($tests)*);
        }
    };
}

macro_rules! behind_broker {
    ($kind:ident: $($(#[$attribute:meta])* $name:ident),* $(,)?) => {
        use crate::broker::{Broker, Kind};

        $(
            $(#[$attribute])*
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                if let Some(broker) = Broker::start(Kind::$kind).await {
                    super::$name(broker).await;
                }
            }
        )*
    };
}

mod chat;
mod document;
mod ends;
mod in_flight;
mod people;

/// Receives until the hub has said this of its broker.
async fn until_broker(client: &mut Client, state: &str) {
    within(async { while client.next("broker").await["state"] != state {} }).await;
}
