//! Broadcasts: what is published to a topic is sent by the connections that have subscribed to it.
//!
//! ```text
//!                     ┌──► Subscription ──► forward ──► Sender of a connection
//!   Topic::publish ───┼──► Subscription ──► forward ──► Sender of a connection
//!                     └──► Subscription ──► recv_many ──► the application
//! ```
//!
//! [`Topic::publish`] does not wait and does not write. It wakes the tasks of the subscribers; each
//! takes all messages that are new and writes them at once. A subscriber that does not keep up
//! delays nobody: its [`Lag`] policy applies.
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
//! Of a price or a position, a client that lags needs the newest value alone: see
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
