//! A request of a client: opens the backend's connection, and answers with the backend's response.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, Version};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::Incoming;
use rand::TryRng;
use rand::rngs::SysRng;
use sansocket::Config;
use sansocket::group::{Group, Member};
use sansocket::http::UpgradeRequest;
use tokio::time::timeout;

use crate::backend::{self, Answer, Opening};
use crate::headers::{for_backend, offers};
use crate::stream::Stream;
use crate::tunnel::{Sides, Tunnel};
use crate::{Failure, Settings};

/// How long the backend may take to answer, and a client to take the answer.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// The body of a response: of the backend, or of the proxy.
pub(crate) type Body = BoxBody<Bytes, hyper::Error>;

/// What all requests share.
pub(crate) struct Proxy {
    pub(crate) settings: Settings,
    pub(crate) group: Group,
}

impl Proxy {
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
        let opened = timeout(HANDSHAKE, self.open(&request, &upgrade, client)).await;
        let accepted = match opened {
            Ok(Ok(Answer::Accepted(accepted))) => accepted,
            // RFC 8441 §5: over HTTP/2 a successful response would open the tunnel.
            Ok(Ok(Answer::Refused(response)))
                if request.version() >= Version::HTTP_2 && response.status().is_success() =>
            {
                return failure(StatusCode::BAD_GATEWAY, "the backend does not speak WebSocket");
            }
            Ok(Ok(Answer::Refused(response))) => return response.map(BodyExt::boxed),
            Ok(Err(error)) => return failure(StatusCode::BAD_GATEWAY, &error.to_string()),
            Err(_) => return failure(StatusCode::GATEWAY_TIMEOUT, "the backend does not answer"),
        };
        // The backend has judged the host and the origin, which were passed on. The connection of
        // the library is not needed: frames pass without it.
        let (_, mut response) = upgrade.allow_every_host_and_origin().accept();
        response.headers_mut().extend(accepted.headers);
        self.spawn(member, request, accepted.stream);
        response.map(|()| boxed(Empty::new()))
    }

    async fn open(
        &self,
        request: &Request<Incoming>,
        upgrade: &UpgradeRequest,
        client: SocketAddr,
    ) -> Result<Answer, Failure> {
        let Settings { backend, keeps_host, compresses, .. } = &self.settings;
        let own_host = match backend.port() {
            80 => backend.host().to_owned(),
            port => format!("{}:{port}", backend.host()),
        };
        let host = upgrade.host().filter(|_| *keeps_host).unwrap_or(&own_host);
        let mut nonce = [0; 16];
        SysRng.try_fill_bytes(&mut nonce)?;
        let opening = Opening {
            target: request.uri().path_and_query().map_or("/", |target| target.as_str()).into(),
            host: HeaderValue::from_str(host)?,
            headers: for_backend(request.headers(), client.ip(), upgrade.host()),
            offers: offers(request.headers()).filter(|_| *compresses),
            nonce,
        };
        Ok(backend::open(backend, opening).await?)
    }

    /// Runs the tunnel in a task of the group.
    fn spawn(&self, member: Member, request: Request<Incoming>, backend: (Stream, Bytes)) {
        let (max_frame, idle) = (self.settings.max_frame, self.settings.idle);
        self.group.spawn(member, async move |member| {
            let upgraded = timeout(HANDSHAKE, hyper::upgrade::on(request)).await;
            let mut seed = [0; 32];
            let seeded = SysRng.try_fill_bytes(&mut seed);
            match (upgraded, seeded) {
                (Ok(Ok(upgraded)), Ok(())) => {
                    let client = Stream::from_hyper(upgraded);
                    Tunnel::new(Sides { client, backend }, max_frame, idle, seed)
                        .run(&member)
                        .await;
                }
                // The client has left, or does not take the response.
                _ => backend.0.abort(),
            }
        });
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
