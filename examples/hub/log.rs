//! The log: a line for each request or message that was refused, and for each connection that was
//! closed for a reason. A line has the client's address, the room, and the reason.

use std::fmt::Display;
use std::net::IpAddr;

use axum::http::StatusCode;
use sansocket_axum::log::line;
use tokio::task_local;

task_local! {
    /// The client whose room this task serves.
    static CLIENT: Client;
}

struct Client {
    address: IpAddr,
    path: String,
}

/// Serves a room of this client.
pub(crate) async fn of(address: IpAddr, path: String, serving: impl Future<Output = ()>) {
    CLIENT.scope(Client { address, path }, serving).await;
}

/// Writes a line about the client whose room this task serves.
pub(crate) fn client(what: impl Display) {
    let _ = CLIENT.try_with(|Client { address, path }| {
        line(format_args!("hub: {address} {path}: {what}"));
    });
}

/// Writes a line about a request that was refused.
pub(crate) fn request(address: IpAddr, path: &str, status: StatusCode) {
    let option = match status {
        StatusCode::UNAUTHORIZED => " (see --token)",
        StatusCode::FORBIDDEN => " (see --origin)",
        StatusCode::MISDIRECTED_REQUEST => " (see --host)",
        StatusCode::TOO_MANY_REQUESTS => " (see --per-address)",
        _ => "",
    };
    line(format_args!("hub: {address} {path}: {status}{option}"));
}
