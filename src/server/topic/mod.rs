//! Broadcasts: the connections that have subscribed to a topic send the messages that are published
//! to it.
//!
//! ```text
//!                     ┌──► Subscription ──► forward ──► Sender of a connection
//!   Topic::publish ───┼──► Subscription ──► forward ──► Sender of a connection
//!                     └──► Subscription ──► recv_many ──► the application
//! ```
//!
//! [`Topic::publish`] does not wait and does not write. It wakes the tasks of the subscribers; each
//! takes all new messages and writes them at once. A subscriber that does not keep up delays no
//! other one: its [`Lag`] policy applies.
//!
//! ```
//! use sansocket::topic::Topic;
//! use tokio::net::TcpStream;
//!
//! async fn serve(stream: TcpStream, topic: Topic) -> Result<(), sansocket::Error> {
//!     let (sender, mut receiver) = sansocket::tokio::accept(stream).await?.split();
//!     let news = topic.subscribe();
//!     tokio::spawn(async move { news.forward(&sender).await });
//!     while let Some(message) = receiver.recv().await? {
//!         topic.publish(message);
//!     }
//!     Ok(())
//! }
//! ```
//!
//! A client that lags needs only the newest value of a price or a position: see
//! [`Topic::publish_latest`]. With [`Topic::retain_latest`], a client that comes later receives the
//! newest values first.

mod backlog;
mod forward;
mod lag;
mod publisher;
mod retained;
mod shared;
mod stats;
mod subscription;

pub use self::lag::{Ended, Lag};
pub use self::publisher::Topic;
pub use self::stats::TopicStats;
pub use self::subscription::Subscription;
