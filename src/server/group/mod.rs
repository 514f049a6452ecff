//! The open connections of a server on tokio: how many there are, at most how many there may be,
//! and how all of them are closed when the server ends.
//!
//! ```ignore
//! use sansocket::group::{Group, Shutdown};
//!
//! async fn serve() -> std::io::Result<()> {
//!     let group = Group::new().max_connections(10_000).max_per_address(20);
//!     let listener = tokio::net::TcpListener::bind("127.0.0.1:9001").await?;
//!     let accepting = async {
//!         loop {
//!             let (stream, address) = listener.accept().await?;
//!             let Ok(member) = group.enter(address.ip()) else { continue };
//!             group.spawn(member, async move |member| {
//!                 let mut socket = sansocket::tokio::accept(stream).await?;
//!                 // Closes the socket when the group is shut down, and receives the rest.
//!                 while let Some(message) = member.recv(&mut socket).await? {
//!                     socket.send(message).await?;
//!                 }
//!                 Ok::<(), sansocket::Error>(())
//!             });
//!         }
//!     };
//!     tokio::select! {
//!         failed = accepting => failed,
//!         result = tokio::signal::ctrl_c() => result,
//!     }?;
//!     let summary = group.shutdown(&Shutdown::new()).await;
//!     println!("{} closed, {} aborted", summary.closed, summary.aborted);
//!     Ok(())
//! }
//! ```
//!
//! With feature `axum`, a route joins with `WebSocketUpgrade::group`, and the shutdown comes before
//! that of axum:
//!
//! ```ignore
//! use axum::Router;
//! use sansocket::group::{Group, Shutdown};
//!
//! async fn serve(app: Router, group: Group) -> std::io::Result<()> {
//!     let listener = tokio::net::TcpListener::bind("127.0.0.1:9001").await?;
//!     let stop = async move {
//!         tokio::signal::ctrl_c().await.expect("signals can be received");
//!         group.shutdown(&Shutdown::new()).await;
//!     };
//!     axum::serve(listener, app).with_graceful_shutdown(stop).await
//! }
//! ```
//!
//! axum then waits for requests that are under way, also for those that a client does not finish.
//! `examples/axum` bounds that.
//!
//! A group of a route counts a connection from its upgrade on. A client that has connected and has
//! sent no request is in no such group. A second group, which connections enter after the accept,
//! counts it: the docs of `hyper`, and `examples/axum`, with a deadline for the first request.

mod empty;
mod full;
mod member;
mod registry;
mod shutdown;
mod slot;
mod state;

pub use self::full::GroupFull;
pub use self::member::Member;
pub use self::registry::Group;
pub use self::shutdown::{Shutdown, Summary};
pub use self::slot::Handle;
