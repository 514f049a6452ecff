//! The page: files that are part of the program.

use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::routing::get;

/// A file of the page, at its path.
struct Asset {
    path: &'static str,
    content_type: &'static str,
    text: &'static str,
}

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

/// A file below `page/`, at `/` and its name.
macro_rules! asset {
    ($content_type:ident, $name:literal) => {
        Asset {
            path: concat!("/", $name),
            content_type: $content_type,
            text: include_str!(concat!("page/", $name)),
        }
    };
}

const ASSETS: &[Asset] = &[
    Asset { path: "/", ..asset!(HTML, "index.html") },
    asset!(CSS, "style.css"),
    asset!(JAVASCRIPT, "chart.js"),
    asset!(JAVASCRIPT, "chat.js"),
    asset!(JAVASCRIPT, "connection.js"),
    asset!(JAVASCRIPT, "cursors.js"),
    asset!(JAVASCRIPT, "document.js"),
    asset!(JAVASCRIPT, "dom.js"),
    asset!(JAVASCRIPT, "editor.js"),
    asset!(JAVASCRIPT, "identity.js"),
    asset!(JAVASCRIPT, "login.js"),
    asset!(JAVASCRIPT, "main.js"),
    asset!(JAVASCRIPT, "messages.js"),
    asset!(JAVASCRIPT, "mirror.js"),
    asset!(JAVASCRIPT, "outbox.js"),
    asset!(JAVASCRIPT, "people.js"),
    asset!(JAVASCRIPT, "prices.js"),
    asset!(JAVASCRIPT, "status.js"),
    asset!(JAVASCRIPT, "storage.js"),
    asset!(JAVASCRIPT, "tabs.js"),
    asset!(JAVASCRIPT, "yjs.js"),
];

/// Routes for all of them.
pub(crate) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    ASSETS.iter().fold(Router::new(), |router, asset| {
        let headers = [(CONTENT_TYPE, asset.content_type), (CACHE_CONTROL, "no-cache")];
        router.route(asset.path, get(async move || (headers, asset.text)))
    })
}
