//! The routes: the page, the login, and a WebSocket for each room.

use std::future::pending;
use std::net::{IpAddr, SocketAddr};
use std::panic::catch_unwind;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::rejection::QueryRejection;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Query, Request, State};
use axum::http::header::{
    CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::middleware::{Next, from_fn_with_state, map_response};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, any, get};
use axum::{Extension, Router};
use sansocket::axum::{Options, WebSocketUpgrade};
use sansocket::deflate::Deflate;
use sansocket::group::Group;
use sansocket::{Guard, InvalidGuard, Timeouts};
use sansocket_axum::server::limited;
use tokio::task::JoinHandle;
use tower_http::timeout::TimeoutLayer;

use crate::auth::{self, Auth};
use crate::broker::Broker;
use crate::chat::Chat;
use crate::document::Document;
use crate::hubs::Hubs;
use crate::journal::Journal;
use crate::prices::Prices;
use crate::settings::Settings;
use crate::store::Store;
use crate::visitor::{Fields, Visitor};
use crate::{Failure, assets, forwarded, log};

/// The time that a request has for its body and its response.
const REQUEST: Duration = Duration::from_secs(10);

/// The longest message of the chat and the prices.
const MESSAGE: usize = 16 * 1024;

/// The longest message of the document.
const UPDATE: usize = 1024 * 1024;

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; \
    frame-ancestors 'none'";

/// A room, as its route names it.
#[derive(Clone, Copy, PartialEq)]
enum RoomName {
    Chat,
    Prices,
    Document,
}

/// The state that the routes share.
pub(crate) struct Hub {
    auth: Auth,
    group: Group,
    store: Arc<Store>,
    broker: Option<Arc<Broker>>,
    /// Takes what the broker delivers.
    delivering: Mutex<Option<JoinHandle<Failure>>>,
    chat: Arc<Chat>,
    prices: Arc<Prices>,
    document: Arc<Document>,
    settings: Settings,
}

impl Hub {
    /// Opens the store. With a broker, reads what it has.
    pub(crate) async fn new(settings: Settings, group: Group) -> Result<Self, Failure> {
        // The store is a copy of what the broker has.
        let data = settings.data.as_deref().filter(|_| settings.broker.is_none());
        let store = Arc::new(open_store(data)?);
        let (broker, events) = match &settings.broker {
            None => (None, None),
            Some(address) => {
                let connected = Broker::connect(address, &store, settings.history).await?;
                (Some(Arc::new(connected.0)), Some(connected.1))
            }
        };
        let journal = Journal::new(Arc::clone(&store), broker.clone(), settings.history);
        let chat = Arc::new(Chat::new(journal.clone(), settings.clone())?);
        let prices = Arc::new(Prices::new(settings.clone(), journal.state()));
        let document = Arc::new(Document::new(journal, settings.clone())?);
        let mut delivering = None;
        if let (Some(broker), Some(events)) = (&broker, events) {
            let latest = events.latest;
            let hubs = Hubs::new(Arc::clone(broker), Arc::clone(&chat), Arc::clone(&document));
            delivering = Some(tokio::spawn(hubs.run(events)));
            chat.until_delivered(latest.chat).await;
            document.updates.until_delivered(latest.document).await;
        }
        let delivering = Mutex::new(delivering);
        let auth = Auth::new(settings.token.clone(), settings.tls);
        Ok(Self { auth, group, store, broker, delivering, chat, prices, document, settings })
    }

    /// Runs the tasks without a client. Returns only with an error.
    pub(crate) async fn run(&self) -> Failure {
        let delivering = async {
            let task = self.delivering.lock().unwrap_or_else(PoisonError::into_inner).take();
            match task {
                None => pending().await,
                Some(task) => task.await.unwrap_or_else(|error| error.into()),
            }
        };
        tokio::select! {
            () = self.chat.presence.publish() => unreachable!("it does not end"),
            () = self.prices.run() => unreachable!("it does not end"),
            error = delivering => error,
        }
    }

    /// Writes everything that was submitted to the store.
    pub(crate) async fn close(&self) {
        if let Some(broker) = &self.broker {
            // This hub has no people and no cursors any more.
            broker.publish(b'p', &self.chat.presence.here());
            broker.publish(b'c', &self.document.awareness.here());
            broker.close().await;
        }
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

    /// The client's address.
    fn address(&self, headers: &HeaderMap, peer: SocketAddr) -> IpAddr {
        let reported = self.settings.forwarded.then(|| forwarded::address(headers)).flatten();
        reported.unwrap_or(peer.ip()).to_canonical()
    }

    /// Accepts a WebSocket of a client that may enter the room.
    fn enter(
        &self,
        room: RoomName,
        query: Result<Query<Fields>, QueryRejection>,
        headers: &HeaderMap,
        address: IpAddr,
        path: String,
        upgrade: WebSocketUpgrade,
    ) -> Response {
        // Others see the name, but for the prices.
        let visitor = match Visitor::new(query, room != RoomName::Prices) {
            Ok(visitor) => visitor,
            Err(refused) => return refused.into_response(),
        };
        if !self.auth.allows(headers) {
            return auth::unauthorized();
        }
        let upgrade = upgrade
            // Without context takeover, a message to everybody is compressed once.
            .deflate(Deflate::memory())
            .max_message_size(self.longest(room))
            .group(&self.group, limited(address));
        let (chat, prices, document) =
            (Arc::clone(&self.chat), Arc::clone(&self.prices), Arc::clone(&self.document));
        match room {
            RoomName::Chat => upgrade
                .on_upgrade(move |socket| log::of(address, path, chat.serve(visitor, socket))),
            RoomName::Prices => {
                upgrade.on_upgrade(move |socket| log::of(address, path, prices.serve(socket)))
            }
            RoomName::Document => upgrade
                .on_upgrade(move |socket| log::of(address, path, document.serve(visitor, socket))),
        }
    }

    /// The longest message that a room takes.
    fn longest(&self, room: RoomName) -> usize {
        match (room, &self.broker) {
            (RoomName::Chat | RoomName::Prices, _) => MESSAGE,
            (RoomName::Document, None) => UPDATE,
            (RoomName::Document, Some(broker)) => broker.update.min(UPDATE),
        }
    }
}

/// redb reports some damaged files by a panic.
fn open_store(data: Option<&Path>) -> Result<Store, Failure> {
    catch_unwind(|| Store::open(data)).unwrap_or_else(|_| {
        let shown = data.unwrap_or(Path::new("memory")).display();
        Err(format!("the store in {shown} is damaged (see --data)").into())
    })
}

/// The routes of a hub.
pub(crate) fn router(hub: &Arc<Hub>) -> Result<Router, InvalidGuard> {
    Ok(Router::new()
        .merge(assets::routes())
        .route("/healthz", get(async || "ok\n"))
        .route("/login", get(login_state).post(login))
        .route("/rooms/chat", room(RoomName::Chat))
        .route("/rooms/prices", room(RoomName::Prices))
        .route("/rooms/document", room(RoomName::Document))
        .layer(Extension(hub.options()?))
        .layer(DefaultBodyLimit::max(1024))
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, REQUEST))
        .layer(from_fn_with_state(Arc::clone(hub), log_refusals))
        .layer(map_response(with_policy))
        .with_state(Arc::clone(hub)))
}

async fn login_state(State(hub): State<Arc<Hub>>, headers: HeaderMap) -> Response {
    hub.auth.state(&headers)
}

async fn login(State(hub): State<Arc<Hub>>, headers: HeaderMap, token: String) -> Response {
    hub.auth.login(&token, hub.settings.forwarded && forwarded::is_secure(&headers))
}

/// The route of a room. CONNECT of HTTP/2 is not GET, so it takes any method.
fn room(room: RoomName) -> MethodRouter<Arc<Hub>> {
    any(
        async move |State(hub): State<Arc<Hub>>,
                    query: Result<Query<Fields>, QueryRejection>,
                    headers: HeaderMap,
                    ConnectInfo(peer): ConnectInfo<SocketAddr>,
                    uri: Uri,
                    upgrade: WebSocketUpgrade| {
            let address = hub.address(&headers, peer);
            hub.enter(room, query, &headers, address, uri.path().to_owned(), upgrade)
        },
    )
}

/// Logs requests that are refused. A page asks whether it has to log in, and browsers ask for what
/// is not there: that is no refusal.
async fn log_refusals(
    State(hub): State<Arc<Hub>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    let (address, path) = (hub.address(request.headers(), peer), request.uri().path().to_owned());
    let is_question = request.method() == Method::GET && path == "/login";
    let response = next.run(request).await;
    let status = response.status();
    if status.as_u16() >= 400 && status != StatusCode::NOT_FOUND && !is_question {
        log::request(address, &path, status);
    }
    response
}

/// Response header fields that limit what browsers do with the responses.
async fn with_policy(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}
