//! The open connections of a server: limits, and what a shutdown does.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::routing::any;
use futures_util::{SinkExt, StreamExt};
use sansocket::axum::{Message, WebSocket, WebSocketUpgrade};
use sansocket::group::{Group, GroupFull, Shutdown, Summary};
use sansocket::hyper::testing::request;
use sansocket::testing::TestStream;
use sansocket::{ClientRequest, CloseCode, Prepared};
use tokio::sync::oneshot;
use tokio::time::Instant;
use tower::ServiceExt;

const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

type Client = sansocket::tokio::WebSocket<TestStream>;

/// The status of the response to a client, and its connection if that is 101.
async fn open(app: &Router) -> (u16, Option<Client>) {
    let (request, client) =
        request::<Body>(&ClientRequest::new("ws://localhost/ws").unwrap()).unwrap();
    let response = app.clone().oneshot(request).await.unwrap();
    (response.status().as_u16(), client.connect(&response).ok().map(|(socket, _)| socket))
}

/// A route that joins the group and echoes.
fn echo(group: &Group) -> Router {
    async fn handler(State(group): State<Group>, ws: WebSocketUpgrade) -> axum::response::Response {
        ws.group(&group, ADDRESS).on_upgrade(async |mut socket| {
            while let Some(Ok(message)) = socket.recv().await {
                if let Message::Text(_) = message {
                    socket.send(message).await.unwrap();
                }
            }
        })
    }
    Router::new().route("/ws", any(handler)).with_state(group.clone())
}

#[tokio::test]
async fn limits_are_checked_before_the_upgrade() {
    let group = Group::new().max_connections(2);
    let app = echo(&group);
    let (first, second) = (open(&app).await, open(&app).await);
    assert_eq!((first.0, second.0, open(&app).await.0, group.len()), (101, 101, 503, 2));
    first.1.unwrap().close(CloseCode::NORMAL, "").await.unwrap();
    while group.len() == 2 {
        tokio::task::yield_now().await;
    }
    assert_eq!(open(&app).await.0, 101);

    let app = echo(&Group::new().max_per_address(1));
    let first = open(&app).await;
    assert_eq!((first.0, open(&app).await.0), (101, 429));
}

#[test]
fn address_is_counted_until_its_members_leave() {
    let group = Group::new().max_per_address(2);
    let other = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));
    let members = (group.enter(ADDRESS).unwrap(), group.enter(ADDRESS).unwrap());
    let full = group.enter(ADDRESS).unwrap_err();
    assert_eq!(full, GroupFull::Address { limit: 2 });
    let (other, unknown) = (group.enter(other).unwrap(), group.enter(None).unwrap());
    let ids: Vec<_> = group.handles().iter().map(|it| (it.id(), it.address())).collect();
    assert_eq!(
        ids,
        [(0, Some(ADDRESS)), (1, Some(ADDRESS)), (2, other.handle().address()), (3, None)]
    );
    drop(members);
    drop(group.enter(ADDRESS).unwrap());
    drop((other, unknown));
    assert!(group.is_empty());
}

#[tokio::test(start_paused = true)]
async fn shutdown_closes_all_at_random_times_and_refuses_new_ones() {
    let group = Group::new();
    let app = echo(&group);
    let mut clients = vec![];
    for _ in 0..50 {
        clients.push(open(&app).await.1.unwrap());
    }
    let start = Instant::now();
    let closed = clients.into_iter().map(|mut client| {
        tokio::spawn(async move {
            assert_eq!(client.recv().await.unwrap(), None);
            (client.closed().unwrap().code(), start.elapsed())
        })
    });
    let closed: Vec<_> = closed.collect();
    let how = Shutdown::new().frame(CloseCode::SERVICE_RESTART).spread_over(Duration::from_secs(5));
    let (summary, refused) = tokio::join!(group.shutdown(&how), async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        open(&app).await.0
    });
    assert_eq!((summary.closed, summary.aborted, refused), (50, 0, 503));
    let mut times = vec![];
    for closed in closed {
        let (code, time) = closed.await.unwrap();
        assert_eq!(code, 1012);
        times.push(time);
    }
    times.sort();
    // Fifty random times in 5 s: in each half of them some, and not all in one second.
    assert!(times[0] < Duration::from_millis(2500) && times[49] > Duration::from_millis(2500));
    assert!(times[49] <= Duration::from_millis(5010), "{:?}", times[49]);
    assert!(times[49] - times[0] > Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn window_and_wait_of_duration_max_do_not_overflow() {
    // The time within the window is random: half of them are beyond what an `Instant` can be.
    for _ in 0..64 {
        let group = Group::new();
        let member = group.enter(None).unwrap();
        let how = Shutdown::new().spread_over(Duration::MAX).wait(Duration::MAX);
        let summary = tokio::join!(group.shutdown(how), async { drop(member) }).0;
        assert_eq!((summary.closed, summary.aborted), (1, 0));
    }
}

#[test]
fn network_of_ipv6_and_a_mapped_address_are_one_address() {
    let group = Group::new().max_per_address(1);
    let address = |text: &str| text.parse::<IpAddr>().unwrap();
    for (first, second, is_one) in [
        ("127.0.0.1", "::ffff:127.0.0.1", true),
        ("2001:db8::1", "2001:db8::ffff:1:2", true),
        ("2001:db8::1", "2001:db8:0:1::1", false),
        ("127.0.0.1", "127.0.0.2", false),
    ] {
        let _first = group.enter(address(first)).unwrap();
        assert_eq!(group.enter(address(second)).is_err(), is_one, "{first} {second}");
    }
}

#[test]
fn task_that_waits_until_a_group_is_empty_is_woken_or_forgotten() {
    #[derive(Default)]
    struct Woken(AtomicUsize);
    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Relaxed);
        }
    }
    let group = Group::new();
    let member = group.enter(None).unwrap();
    let tasks: [Arc<Woken>; 3] = Default::default();
    let wakers = tasks.clone().map(Waker::from);
    let mut futures = wakers.each_ref().map(|waker| {
        let mut future = Box::pin(group.empty());
        for _ in 0..2 {
            assert!(future.as_mut().poll(&mut Context::from_waker(waker)).is_pending());
        }
        Some(future)
    });
    // The second task gives up.
    futures[1] = None;
    drop(wakers);
    assert_eq!(tasks.each_ref().map(Arc::strong_count), [2, 1, 2]);
    drop(member);
    assert_eq!(tasks.each_ref().map(|task| task.0.load(Relaxed)), [1, 0, 1]);
    assert_eq!(tasks.each_ref().map(Arc::strong_count), [1; 3]);
}

#[tokio::test(start_paused = true)]
async fn shutdown_ends_with_the_last_connection() {
    let group = Group::new();
    let app = echo(&group);
    let mut client = open(&app).await.1.unwrap();
    let start = Instant::now();
    let how = Shutdown::new().spread_over(Duration::from_secs(3600));
    let leave = client.close(CloseCode::NORMAL, "");
    let (summary, _) = tokio::join!(group.shutdown(how), leave);
    assert_eq!((summary.closed, summary.aborted), (1, 0));
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn connection_that_does_not_end_is_aborted() {
    let group = Group::new();
    let app = Router::new().route(
        "/ws",
        any(async |State(group): State<Group>, ws: WebSocketUpgrade| {
            ws.group(&group, None).on_upgrade(async |_socket| std::future::pending().await)
        }),
    );
    let app = app.with_state(group.clone());
    let mut client = open(&app).await.1.unwrap();
    let start = Instant::now();
    let summary = group.shutdown(&Shutdown::new().wait(Duration::from_secs(3))).await;
    assert_eq!((summary.closed, summary.aborted), (0, 1));
    assert_eq!(start.elapsed().as_secs(), 3);
    let error = client.recv().await.unwrap_err();
    assert!(matches!(error, sansocket::Error::ConnectionLost), "{error:?}");
    group.empty().await;
}

#[tokio::test]
async fn halves_of_stream_ext_are_closed_too() {
    let group = Group::new();
    let app = Router::new().route(
        "/ws",
        any(async |State(group): State<Group>, ws: WebSocketUpgrade| {
            ws.group(&group, None).on_upgrade(async |socket: WebSocket| {
                let (mut sender, mut receiver) = socket.split();
                while let Some(Ok(Message::Text(text))) = receiver.next().await {
                    sender.send(Message::Text(text)).await.unwrap();
                }
            })
        }),
    );
    let app = app.with_state(group.clone());
    let mut client = open(&app).await.1.unwrap();
    client.send("before").await.unwrap();
    assert_eq!(client.recv().await.unwrap(), Some("before".into()));
    let (summary, received) =
        tokio::join!(async { group.shutdown(&Shutdown::new()).await }, client.recv());
    assert_eq!((summary.closed, received.unwrap()), (1, None));
    assert_eq!(client.closed().unwrap().code(), 1001);
}

/// The doc's end of a server of axum: the signal closes the WebSockets, and then the server ends.
#[tokio::test]
async fn graceful_shutdown_of_axum_ends_after_the_group() {
    let group = Group::new();
    let app = echo(&group);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/ws", listener.local_addr().unwrap());
    let (signal, signalled) = oneshot::channel::<()>();
    let closing = group.clone();
    let stop = async move {
        signalled.await.unwrap();
        assert_eq!(closing.shutdown(&Shutdown::new()).await.closed, 1);
    };
    let app = app.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let serving =
        tokio::spawn(axum::serve(listener, app).with_graceful_shutdown(stop).into_future());
    let mut client = sansocket::tokio::connect(&url).await.unwrap();
    client.send("before").await.unwrap();
    assert_eq!(client.recv().await.unwrap(), Some("before".into()));
    signal.send(()).unwrap();
    assert_eq!(client.recv().await.unwrap(), None);
    assert_eq!(client.closed().unwrap().code(), 1001);
    serving.await.unwrap().unwrap();
}

async fn tick(socket: &mut WebSocket, is_prepared: bool) -> Result<(), sansocket::Error> {
    tokio::time::sleep(Duration::from_secs(1)).await;
    match is_prepared {
        true => socket.send_prepared(&Prepared::new("tick")).await,
        false => socket.send(Message::text("tick")).await,
    }
}

#[tokio::test(start_paused = true)]
async fn handler_that_only_sends_is_closed_too() {
    for is_prepared in [false, true] {
        let group = Group::new();
        let app = Router::new().route(
            "/ws",
            any(async move |State(group): State<Group>, ws: WebSocketUpgrade| {
                ws.group(&group, None).on_upgrade(async move |mut socket| {
                    while tick(&mut socket, is_prepared).await.is_ok() {}
                })
            }),
        );
        let app = app.with_state(group.clone());
        let mut client = open(&app).await.1.unwrap();
        assert_eq!(client.recv().await.unwrap(), Some("tick".into()));
        let (shutdown, receive) = (Shutdown::new(), async {
            while let Ok(Some(_)) = client.recv().await {}
            client.closed().unwrap().code()
        });
        let (summary, code) = tokio::join!(group.shutdown(&shutdown), receive);
        assert_eq!((summary.closed, code), (1, 1001));
    }
}

#[tokio::test]
async fn handler_that_panics_leaves_the_group() {
    let group = Group::new();
    let app = Router::new().route(
        "/ws",
        any(async |State(group): State<Group>, ws: WebSocketUpgrade| {
            ws.group(&group, None).on_upgrade(async |_| panic!("a fault of the handler"))
        }),
    );
    let app = app.with_state(group.clone());
    assert_eq!(open(&app).await.0, 101);
    group.empty().await;
}

#[tokio::test]
async fn request_to_close_that_comes_early_is_not_lost() {
    let group = Group::new();
    let member = group.enter(None).unwrap();
    let handle = member.handle();
    handle.close(CloseCode::GOING_AWAY);
    handle.close(CloseCode::NORMAL);
    assert_eq!(member.closing().await.code(), CloseCode::GOING_AWAY);
    // Only once.
    tokio::select! {
        biased;
        frame = member.closing() => panic!("{frame:?}"),
        () = std::future::ready(()) => {}
    }
}

#[tokio::test]
async fn task_is_aborted_also_before_it_is_known() {
    let group = Group::new();
    let member = group.enter(None).unwrap();
    member.handle().abort();
    let (held, dropped) = oneshot::channel::<()>();
    group.spawn(member, async move |_member| {
        std::future::pending::<()>().await;
        drop(held);
    });
    dropped.await.unwrap_err();
    group.empty().await;
}

#[tokio::test]
async fn group_of_plain_streams_closes_them() {
    let group = Group::new();
    let (client, server) = sansocket::testing::pair(sansocket::testing::Chunking::Whole);
    let member = group.enter(None).unwrap();
    group.spawn(member, async move |member| {
        let mut socket = sansocket::tokio::accept(server).await?;
        while let Some(message) = member.recv(&mut socket).await? {
            socket.send(message).await?;
        }
        Ok::<(), sansocket::Error>(())
    });
    let request = ClientRequest::new("ws://localhost/").unwrap();
    let (mut client, _) = sansocket::tokio::connect_with_stream(client, &request).await.unwrap();
    let shutdown = Shutdown::new();
    let (summary, received) = tokio::join!(group.shutdown(&shutdown), client.recv());
    assert_eq!(received.unwrap(), None);
    assert!(matches!(summary, Summary { closed: 1, aborted: 0, .. }), "{summary:?}");
}
