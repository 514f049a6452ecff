//! A connection in the shape of axum's: control frames are messages, and the end is `None`.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_core::stream::FusedStream;
use futures_sink::Sink;
use http::HeaderValue;

use super::message::{CloseFrame, Message};
use crate::adapter::Error;
use crate::connection::{CloseOutcome, Closed, Event};
use crate::message::{self, CloseFrame as ValidFrame, Prepared};
use crate::server::group::Member;
use crate::server::hyper;

/// A WebSocket connection whose messages have the shape of axum's.
///
/// It is a `Stream` and a `Sink` of messages, for `split` of futures' `StreamExt`.
/// [`into_inner`](Self::into_inner) is this crate's own connection: with senders that can be
/// cloned, messages that are borrowed or sent in chunks, several answers in one write.
///
/// [`recv`](Self::recv) also answers pings, sends keep-alive pings, and completes the closing
/// handshake. So it must be called, even if no message is expected.
#[derive(Debug)]
pub struct WebSocket {
    inner: hyper::WebSocket,
    protocol: Option<HeaderValue>,
    member: Option<Member>,
    has_ended: bool,
}

impl WebSocket {
    pub(super) fn new(
        inner: hyper::WebSocket,
        protocol: Option<HeaderValue>,
        member: Option<Member>,
    ) -> Self {
        Self { inner, protocol, member, has_ended: false }
    }

    /// Receives the next message or control frame. `None` after the client's Close frame, which is
    /// a message, and after an error. Pongs to keep-alive pings are not received.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a message leaves the connection only when the future returns it.
    ///
    /// # Errors
    ///
    /// As [`runtime::WebSocket::recv`](crate::runtime::WebSocket::recv).
    pub async fn recv(&mut self) -> Option<Result<Message, Error>> {
        if self.has_ended {
            return None;
        }
        let receive = async |socket: &mut hyper::WebSocket| socket.recv_event().await;
        loop {
            let received = match &self.member {
                Some(member) => member.receive(&mut self.inner, receive).await,
                None => self.inner.recv_event().await,
            };
            if !self.is_keep_alive(&received) {
                return self.convert(received);
            }
        }
    }

    /// Sends a message or a control frame. Returns when the stream has accepted it.
    ///
    /// # Cancel safety
    ///
    /// A message whose future is dropped is queued whole or not at all.
    ///
    /// # Errors
    ///
    /// As [`runtime::WebSocket::send`](crate::runtime::WebSocket::send); [`Error::CloseCode`] for
    /// the code of a Close frame that can't be sent. A text longer than 123 bytes in it is cut.
    pub async fn send(&mut self, message: Message) -> Result<(), Error> {
        match self.queue_control(message)? {
            Some(message) => self.inner.send(message).await,
            None => self.inner.flush().await,
        }
    }

    /// Sends a message that is sent to many connections: it is compressed once for all of them. As
    /// [`send`](Self::send) otherwise.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub async fn send_prepared(&mut self, message: &Prepared) -> Result<(), Error> {
        self.close_if_asked();
        self.inner.send(message).await
    }

    /// Closes the connection: sends a Close frame, discards what the client has sent, and waits for
    /// its Close frame, no longer than [`Timeouts::close`](crate::Timeouts::close). `None` is a
    /// Close frame without a code.
    ///
    /// # Cancel safety
    ///
    /// The Close frame is queued at the first poll. Dropped after that, call it again to wait.
    ///
    /// # Errors
    ///
    /// As [`runtime::WebSocket::close`](crate::runtime::WebSocket::close), and
    /// [`Error::CloseCode`].
    pub async fn close(&mut self, frame: Option<CloseFrame>) -> Result<Closed, Error> {
        let frame = frame.map(ValidFrame::try_from).transpose()?;
        self.inner.close_with(frame).await
    }

    /// The subprotocol that was selected, if one was.
    #[must_use]
    pub fn protocol(&self) -> Option<&HeaderValue> {
        self.protocol.as_ref()
    }

    /// This crate's own connection, and its member of a
    /// [`group`](super::WebSocketUpgrade::group).
    ///
    /// The connection alone does not obey the group. Keep the [`Member`] as long as the connection,
    /// and receive with [`Member::recv`]. With halves, a task awaits [`Member::closing`], and
    /// passes the frame to `Sender::try_close_with`.
    #[must_use]
    pub fn into_inner(self) -> (hyper::WebSocket, Option<Member>) {
        (self.inner, self.member)
    }

    /// This crate's own connection, for its state and its settings.
    #[must_use]
    pub fn get_ref(&self) -> &hyper::WebSocket {
        &self.inner
    }

    /// See [`get_ref`](Self::get_ref). Messages that are received here are not received by
    /// [`recv`](Self::recv).
    pub fn get_mut(&mut self) -> &mut hyper::WebSocket {
        &mut self.inner
    }

    /// Whether it is a pong that the handler has not asked for. Loops that end at the first message
    /// that is no text would end there.
    fn is_keep_alive(&self, received: &Result<Option<Event>, Error>) -> bool {
        matches!(received, Ok(Some(Event::Pong(payload))) if self.inner.has_pinged(payload))
    }

    fn convert(
        &mut self,
        received: Result<Option<Event>, Error>,
    ) -> Option<Result<Message, Error>> {
        let message = match received {
            Ok(Some(Event::Message(message))) => message.into(),
            Ok(Some(Event::Ping(payload))) => Message::Ping(payload),
            Ok(Some(Event::Pong(payload))) => Message::Pong(payload),
            // `on_upgrade` switches chunks off.
            Ok(Some(_)) => return Some(Err(Error::Chunk)),
            Ok(None) => {
                self.has_ended = true;
                let closed = self.inner.closed()?;
                let is_clean = closed.outcome() == CloseOutcome::Clean;
                return is_clean.then(|| Ok(Message::Close(closed.received().map(Into::into))));
            }
            Err(error) => {
                self.has_ended = !error.loses_nothing();
                return Some(Err(error));
            }
        };
        Some(Ok(message))
    }

    /// Starts the closing handshake if the group has asked for it: for a handler that only sends,
    /// whose message is then an error.
    fn close_if_asked(&mut self) {
        if let Some(frame) = self.member.as_ref().and_then(Member::take_closing) {
            self.inner.try_close_with(frame);
        }
    }

    /// Queues a control frame; returns any other message.
    fn queue_control(&mut self, message: Message) -> Result<Option<message::Message>, Error> {
        self.close_if_asked();
        match message {
            Message::Text(text) => return Ok(Some(text.into())),
            Message::Binary(bytes) => return Ok(Some(bytes.into())),
            Message::Ping(payload) => self.inner.try_ping(payload)?,
            Message::Pong(payload) => self.inner.try_pong(payload)?,
            Message::Close(frame) => {
                self.inner.try_close_with(frame.map(ValidFrame::try_from).transpose()?);
            }
        }
        Ok(None)
    }

    fn sink(&mut self) -> Pin<&mut hyper::WebSocket> {
        Pin::new(&mut self.inner)
    }
}

impl Stream for WebSocket {
    type Item = Result<Message, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.has_ended {
            return Poll::Ready(None);
        }
        let Self { inner, member, .. } = &mut *self;
        if let Some(Poll::Ready(frame)) = member.as_ref().map(|member| member.poll_closing(cx)) {
            inner.try_close_with(frame);
        }
        loop {
            let received = ready!(self.inner.poll_recv_event(cx));
            if !self.is_keep_alive(&received) {
                return Poll::Ready(self.convert(received));
            }
        }
    }
}

impl FusedStream for WebSocket {
    fn is_terminated(&self) -> bool {
        self.has_ended
    }
}

/// Closing the sink sends a Close frame with code 1000. The client's Close arrives at the `Stream`.
impl Sink<Message> for WebSocket {
    type Error = Error;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.sink().poll_ready(cx)
    }

    fn start_send(mut self: Pin<&mut Self>, message: Message) -> Result<(), Error> {
        match self.queue_control(message)? {
            Some(message) => self.sink().start_send(message),
            None => Ok(()),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.sink().poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.sink().poll_close(cx)
    }
}
