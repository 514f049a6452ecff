//! The routes: the page, the login, and a WebSocket for each room.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::QueryRejection;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Query, State};
use axum::http::header::{
    CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use axum::{Extension, Router};
use sansocket::axum::{Options, WebSocket, WebSocketUpgrade};
use sansocket::deflate::Deflate;
use sansocket::group::Group;
use sansocket::{Guard, InvalidGuard, Timeouts};

use crate::Failure;
use crate::assets;
use crate::auth::{self, Auth};
use crate::chat::Chat;
use crate::document::Document;
use crate::prices::Prices;
use crate::settings::Settings;
use crate::store::Store;
use crate::visitor::{Fields, Visitor};

/// The longest message of the chat and the prices.
const MESSAGE: usize = 16 * 1024;

/// The longest message of the document.
const UPDATE: usize = 1024 * 1024;

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; \
    frame-ancestors 'none'";

/// What the routes share.
pub(crate) struct Hub {
    auth: Auth,
    group: Group,
    store: Arc<Store>,
    chat: Arc<Chat>,
    prices: Arc<Prices>,
    document: Arc<Document>,
    settings: Settings,
}

impl Hub {
    pub(crate) fn new(settings: Settings, group: Group) -> Result<Self, Failure> {
        let store = Arc::new(Store::open(settings.data.as_deref())?);
        let chat = Arc::new(Chat::new(Arc::clone(&store), settings.clone())?);
        let prices = Arc::new(Prices::new(settings.clone()));
        let document = Arc::new(Document::new(Arc::clone(&store), settings.clone())?);
        let auth = Auth::new(settings.token.clone(), settings.tls);
        Ok(Self { auth, group, store, chat, prices, document, settings })
    }

    /// What happens without a client, for as long as it is polled.
    pub(crate) async fn run(&self) {
        tokio::join!(self.chat.presence.publish(), self.prices.run());
    }

    /// Writes everything that was submitted to the store.
    pub(crate) async fn close(&self) {
        self.store.close().await;
    }

    /// The options of all rooms.
    fn options(&self) -> Result<Options, InvalidGuard> {
        let guard = Guard::hosts(&self.settings.hosts)?;
        let guard = self.settings.origins.iter().try_fold(guard, |it, origin| it.origin(origin))?;
        // With the pings of `stats`, a browser that is gone leaves the list of people after about a
        // minute; one that is slow has as long to read what is queued before a ping.
        let pong = Some(Duration::from_secs(60));
        let timeouts = Timeouts { pong, ..Timeouts::default() };
        Ok(Options::new().guard(guard).timeouts(timeouts))
    }

    /// Accepts a WebSocket of a client that may enter.
    fn enter<F: Future<Output = ()> + Send + 'static>(
        &self,
        request: (HeaderMap, SocketAddr, WebSocketUpgrade),
        max_message_size: usize,
        serve: impl FnOnce(WebSocket) -> F + Send + 'static,
    ) -> Response {
        let (headers, address, upgrade) = request;
        if !self.auth.allows(&headers) {
            return auth::unauthorized();
        }
        let address = address.ip().to_canonical();
        let counted = (!address.is_loopback()).then_some(address);
        upgrade
            // Without context takeover, a message to everybody is compressed once.
            .deflate(Deflate::memory())
            .max_message_size(max_message_size)
            .group(&self.group, counted)
            .on_upgrade(serve)
    }
}

/// The routes of a hub.
pub(crate) fn router(hub: &Arc<Hub>) -> Result<Router, InvalidGuard> {
    Ok(Router::new()
        .merge(assets::routes())
        .route("/healthz", get(async || "ok\n"))
        .route("/login", get(login_state).post(login))
        // CONNECT of HTTP/2 is not GET, so these routes take any method.
        .route("/rooms/chat", any(chat))
        .route("/rooms/prices", any(prices))
        .route("/rooms/document", any(document))
        .layer(Extension(hub.options()?))
        .layer(DefaultBodyLimit::max(1024))
        .layer(map_response(with_policy))
        .with_state(Arc::clone(hub)))
}

async fn login_state(State(hub): State<Arc<Hub>>, headers: HeaderMap) -> Response {
    hub.auth.state(&headers)
}

async fn login(State(hub): State<Arc<Hub>>, token: String) -> Response {
    hub.auth.login(&token)
}

async fn chat(
    State(hub): State<Arc<Hub>>,
    query: Result<Query<Fields>, QueryRejection>,
    headers: HeaderMap,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let visitor = match Visitor::new(query, true) {
        Ok(visitor) => visitor,
        Err(refused) => return refused.into_response(),
    };
    let chat = Arc::clone(&hub.chat);
    hub.enter((headers, address, upgrade), MESSAGE, |socket| chat.serve(visitor, socket))
}

async fn prices(
    State(hub): State<Arc<Hub>>,
    query: Result<Query<Fields>, QueryRejection>,
    headers: HeaderMap,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    upgrade: WebSocketUpgrade,
) -> Response {
    if let Err(refused) = Visitor::new(query, false) {
        return refused.into_response();
    }
    let prices = Arc::clone(&hub.prices);
    hub.enter((headers, address, upgrade), MESSAGE, |socket| prices.serve(socket))
}

async fn document(
    State(hub): State<Arc<Hub>>,
    query: Result<Query<Fields>, QueryRejection>,
    headers: HeaderMap,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let visitor = match Visitor::new(query, true) {
        Ok(visitor) => visitor,
        Err(refused) => return refused.into_response(),
    };
    let document = Arc::clone(&hub.document);
    hub.enter((headers, address, upgrade), UPDATE, |socket| document.serve(visitor, socket))
}

/// What browsers may do with the responses.
async fn with_policy(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}
