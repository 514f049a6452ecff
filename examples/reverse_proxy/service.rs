//! A request of a client: opens the backend's connection, and answers with the backend's response.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, Version};
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::Incoming;
use rand::TryRng;
use rand::rngs::SysRng;
use sansocket::Config;
use sansocket::group::{Group, Member};
use sansocket::http::UpgradeRequest;
use tokio::time::timeout;

use crate::backend::{Accepted, Answer, Backend, Body, Opening};
use crate::compression::{Compression, Offers};
use crate::flow::Flow;
use crate::frames::Frames;
use crate::headers::for_backend;
use crate::source::Source;
use crate::stream::Stream;
use crate::transcoder::{Limits, Transcoder};
use crate::tunnel::{Sides, Tunnel};
use crate::{Failure, Settings};

/// The state that all requests share.
pub(crate) struct Proxy {
    settings: Settings,
    backend: Backend,
    group: Group,
}

impl Proxy {
    pub(crate) fn new(settings: Settings, group: Group) -> Self {
        let backend = Backend::new(&settings);
        Self { settings, backend, group }
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Answers a request. The connection passes frames on once hyper has sent the response.
    pub(crate) async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
        client: SocketAddr,
    ) -> Response<Body> {
        let upgrade = match UpgradeRequest::new(Config::new(), &request) {
            Ok(upgrade) => upgrade,
            Err(rejection) => return rejection.into_response::<Full<Bytes>>().map(boxed),
        };
        let member = match self.group.enter(client.ip()) {
            Ok(member) => member,
            Err(full) => {
                return Response::<Bytes>::from(&full.response()).map(Full::new).map(boxed);
            }
        };
        let opened = timeout(self.settings.handshake, self.open(&request, &upgrade, client)).await;
        let accepted = match opened {
            Ok(Ok(Answer::Accepted(accepted))) => accepted,
            // RFC 8441 §5: over HTTP/2 a successful response would open the tunnel.
            Ok(Ok(Answer::Refused(response)))
                if request.version() >= Version::HTTP_2 && response.status().is_success() =>
            {
                return failure(StatusCode::BAD_GATEWAY, "the backend does not speak WebSocket");
            }
            Ok(Ok(Answer::Refused(response))) => return response,
            Ok(Err(error)) => return failure(StatusCode::BAD_GATEWAY, &error.to_string()),
            Err(_) => return failure(StatusCode::GATEWAY_TIMEOUT, "the backend does not answer"),
        };
        // The backend has judged the host and the origin, which were passed on. The connection of
        // the library is not needed: frames pass without it.
        let (_, mut response) = upgrade.allow_every_host_and_origin().accept();
        response.headers_mut().extend(accepted.headers.clone());
        self.spawn(member, request, *accepted);
        response.map(|()| boxed(Empty::new()))
    }

    async fn open(
        &self,
        request: &Request<Incoming>,
        upgrade: &UpgradeRequest,
        client: SocketAddr,
    ) -> Result<Answer, Failure> {
        let Settings { backend, keeps_host, tls, .. } = &self.settings;
        let own_host = match (backend.is_secure(), backend.port()) {
            (false, 80) | (true, 443) => backend.host().to_owned(),
            (_, port) => format!("{}:{port}", backend.host()),
        };
        let host = upgrade.host().filter(|_| *keeps_host).unwrap_or(&own_host);
        let scheme = if tls.is_some() { "https" } else { "http" };
        let mut nonce = [0; 16];
        SysRng.try_fill_bytes(&mut nonce)?;
        let opening = Opening {
            target: request.uri().path_and_query().map_or("/", |target| target.as_str()).into(),
            host: HeaderValue::from_str(host)?,
            headers: for_backend(request.headers(), client.ip(), upgrade.host(), scheme),
            offers: Offers::new(request.headers(), &self.settings),
            nonce,
        };
        Ok(self.backend.open(opening).await?)
    }

    /// Runs the tunnel in a task of the group.
    fn spawn(&self, member: Member, request: Request<Incoming>, backend: Accepted) {
        let Settings { max_frame, max_inflated, idle, handshake, .. } = self.settings;
        let limits = Limits { max_frame, max_inflated };
        self.group.spawn(member, async move |member| {
            let upgraded = timeout(handshake, hyper::upgrade::on(request)).await;
            let mut seed = [0; 32];
            let seeded = SysRng.try_fill_bytes(&mut seed);
            let Accepted { stream: backend, compression, .. } = backend;
            match (upgraded, seeded) {
                (Ok(Ok(upgraded)), Ok(())) => {
                    let client = Stream::from_hyper(upgraded);
                    let flows = flows(&compression, limits, seed);
                    Tunnel::new(Sides { client, backend }, flows, idle).run(&member).await;
                }
                // The client has left, or does not take the response.
                _ => backend.0.abort(),
            }
        });
    }
}

/// Returns the conversion of both directions.
fn flows(compression: &Compression, limits: Limits, seed: [u8; 32]) -> [Flow; 2] {
    match (compression.up(), compression.down()) {
        (Some(up), Some(down)) => {
            let transcoder = |source, (inflater, deflater)| {
                Flow::Messages(Box::new(Transcoder::new(source, limits, inflater, deflater)))
            };
            [transcoder(Source::client(seed), up), transcoder(Source::Server, down)]
        }
        _ => [
            Flow::Frames(Frames::of_client(limits.max_frame, seed)),
            Flow::Frames(Frames::of_server(limits.max_frame)),
        ],
    }
}

fn failure(status: StatusCode, text: &str) -> Response<Body> {
    let mut response = Response::new(boxed(Full::from(format!("{text}\n"))));
    *response.status_mut() = status;
    response
}

fn boxed<B>(body: B) -> Body
where
    B: hyper::body::Body<Data = Bytes, Error = std::convert::Infallible> + Send + Sync + 'static,
{
    body.map_err(|never| match never {}).boxed()
}
