//! Messages that are on their way while a broker or a hub is killed: each is there once.
//!
//! A broker that is stopped keeps them on their way: none is acknowledged, and each sender sends as
//! many as it may without an acknowledgement.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::until_broker;
use crate::broker::Broker;
use crate::program::Program;
use crate::run::{Client, Hub, open, within};

behind_each_broker!(
    messages_in_flight_when_the_broker_is_killed_are_there_once_and_in_order,
    messages_in_flight_when_a_hub_is_killed_are_there_once_and_in_order,
);

/// The senders, and the messages of each.
const SENDERS: usize = 4;
const MESSAGES: u64 = 150;

/// The number of messages that a sender sends without waiting for an acknowledgement.
const WINDOW: usize = 20;

/// The messages of all senders.
#[derive(Default)]
struct Flight {
    /// The number of messages that each sender may send.
    allowed: u64,
    /// The number of messages that hubs have read.
    read: u64,
    acknowledged: u64,
}

impl Flight {
    /// Allows so many messages to each sender.
    fn allow(flight: &watch::Sender<Self>, allowed: u64) {
        flight.send_modify(|flight| flight.allowed = allowed);
    }

    async fn until(flight: &watch::Sender<Self>, is_time: impl FnMut(&Self) -> bool) {
        let _ = within(flight.subscribe().wait_for(is_time)).await.unwrap();
    }

    /// Waits until hubs have read of each sender what it may send without an acknowledgement.
    async fn until_full(flight: &watch::Sender<Self>) {
        Self::until(flight, |it| it.read == it.acknowledged + (SENDERS * WINDOW) as u64).await;
    }

    /// Waits until all that is allowed is acknowledged.
    async fn until_acknowledged(flight: &watch::Sender<Self>) {
        Self::until(flight, |it| it.acknowledged == SENDERS as u64 * it.allowed).await;
    }
}

/// A message as everybody receives it.
#[derive(Clone, Debug, PartialEq)]
struct Said {
    seq: u64,
    name: String,
    id: u64,
}

/// Sends all messages. When the connection is lost, sends again what was not acknowledged, on
/// another one to the next address. Returns the name, and the number of each message.
async fn say_all(
    name: String,
    mut hub: watch::Receiver<SocketAddr>,
    flight: Arc<watch::Sender<Flight>>,
) -> (String, HashMap<u64, u64>) {
    let mut acknowledged = HashMap::new();
    loop {
        let target = format!("/rooms/chat?client={name}&name={name}");
        let address = *hub.borrow_and_update();
        let client = open(address, &target).await;
        if say_on(client, &mut acknowledged, &flight).await.is_some() {
            return (name, acknowledged);
        }
        hub.changed().await.unwrap();
    }
}

/// Sends the remaining messages on one connection. `None` if it is lost.
async fn say_on(
    mut client: Client,
    acknowledged: &mut HashMap<u64, u64>,
    flight: &watch::Sender<Flight>,
) -> Option<()> {
    let rest: Vec<_> = (1..=MESSAGES).filter(|id| !acknowledged.contains_key(id)).collect();
    let (mut rest, mut waiting) = (rest.into_iter().peekable(), 0);
    let mut seen = flight.subscribe();
    while (acknowledged.len() as u64) < MESSAGES {
        let allowed = seen.borrow_and_update().allowed;
        while let Some(id) = rest.next_if(|id| waiting < WINDOW && *id <= allowed) {
            let message = json!({ "type": "say", "id": id, "text": id.to_string() });
            client.socket.send(message.to_string()).await.ok()?;
            // Its answer shows that the hub has read the message.
            client.socket.send(json!({ "type": "ping", "at": id }).to_string()).await.ok()?;
            waiting += 1;
        }
        let message = tokio::select! {
            message = client.socket.recv() => message.ok()??,
            Ok(()) = seen.changed() => continue,
        };
        let value: Value = serde_json::from_str(message.as_text().unwrap()).unwrap();
        assert_ne!(value["type"], "refused", "{value}");
        if value["type"] == "pong" {
            flight.send_modify(|flight| flight.read += 1);
        }
        if value["type"] == "ack" {
            acknowledged.insert(value["id"].as_u64().unwrap(), value["seq"].as_u64().unwrap());
            waiting -= 1;
            flight.send_modify(|flight| flight.acknowledged += 1);
        }
    }
    Some(())
}

async fn read(mut client: Client, count: usize) -> Vec<Said> {
    let mut all = vec![];
    while all.len() < count {
        let said = client.next("said").await;
        let (seq, id) = (said["seq"].as_u64().unwrap(), said["id"].as_u64().unwrap());
        all.push(Said { seq, id, name: said["name"].as_str().unwrap().to_owned() });
    }
    all
}

/// Every message of each sender is there once, in its order, and has the number of its
/// acknowledgement.
fn check(all: &[Said], senders: &[(String, HashMap<u64, u64>)]) {
    assert!(all.is_sorted_by(|one, next| one.seq < next.seq), "{all:?}");
    for (name, acknowledged) in senders {
        let of_this: Vec<_> = all.iter().filter(|said| said.name == *name).collect();
        assert!(of_this.iter().map(|said| said.id).eq(1..=MESSAGES), "{of_this:?}");
        for said in of_this {
            assert_eq!(acknowledged[&said.id], said.seq, "{said:?}");
        }
    }
}

/// Clients that read from the beginning, and one that comes last, have the same messages.
async fn check_all(
    senders: JoinSet<(String, HashMap<u64, u64>)>,
    readers: JoinSet<Vec<Said>>,
    late: Hub,
) {
    let (senders, readers) = (within(senders.join_all()).await, within(readers.join_all()).await);
    for all in &readers {
        check(all, &senders);
        assert_eq!(*all, readers[0]);
    }
    // The client has the first message already.
    let rest = read(late.chat("late", readers[0][0].seq).await, readers[0].len() - 1).await;
    assert_eq!(rest, readers[0][1..]);
}

async fn messages_in_flight_when_the_broker_is_killed_are_there_once_and_in_order(
    mut broker: Broker,
) {
    let hubs = [broker.hub().await, broker.hub().await];
    let (mut senders, mut readers) = (JoinSet::new(), JoinSet::new());
    let mut observers = vec![];
    for hub in &hubs {
        let reader = hub.chat("reader", 0).await;
        readers.spawn(read(reader, SENDERS * MESSAGES as usize));
        observers.push(hub.chat("observer", 0).await);
    }
    let flight = Arc::new(watch::Sender::new(Flight::default()));
    let addresses = hubs.each_ref().map(|hub| watch::Sender::new(hub.address));
    for number in 0..SENDERS {
        let hub = addresses[number % 2].subscribe();
        senders.spawn(say_all(format!("sender-{number}"), hub, Arc::clone(&flight)));
    }
    Flight::allow(&flight, 50);
    for is_stopped in [true, false] {
        Flight::until_acknowledged(&flight).await;
        if is_stopped {
            // The broker stores none of the messages in flight.
            broker.stop(true);
            Flight::allow(&flight, 100);
            Flight::until_full(&flight).await;
        } else {
            // The broker may have stored some whose acknowledgement is lost.
            let before = flight.borrow().acknowledged;
            Flight::allow(&flight, MESSAGES);
            Flight::until(&flight, |flight| flight.acknowledged > before).await;
        }
        broker.kill();
        for observer in &mut observers {
            until_broker(observer, "lost").await;
        }
        assert!(broker.start_again().await);
        for observer in &mut observers {
            until_broker(observer, "connected").await;
        }
    }
    check_all(senders, readers, broker.hub().await).await;
}

async fn messages_in_flight_when_a_hub_is_killed_are_there_once_and_in_order(broker: Broker) {
    let arguments = [broker.option(), &broker.url()];
    let other = broker.hub().await;
    let mut readers = JoinSet::new();
    readers.spawn(read(other.chat("reader", 0).await, SENDERS * MESSAGES as usize));
    let mut program = Program::start_with(&arguments);
    let flight = Arc::new(watch::Sender::new(Flight::default()));
    let address = watch::Sender::new(program.address);
    let mut senders = JoinSet::new();
    for number in 0..SENDERS {
        let (name, hub) = (format!("sender-{number}"), address.subscribe());
        senders.spawn(say_all(name, hub, Arc::clone(&flight)));
    }
    Flight::allow(&flight, 50);
    Flight::until_acknowledged(&flight).await;
    broker.stop(true);
    Flight::allow(&flight, MESSAGES);
    Flight::until_full(&flight).await;
    program.child.kill().unwrap();
    program.child.wait().unwrap();
    // The broker stores the messages that the hub has written, and no hub gets the
    // acknowledgements.
    broker.stop(false);
    let program = Program::start_with(&arguments);
    address.send_replace(program.address);
    check_all(senders, readers, broker.hub().await).await;
}
