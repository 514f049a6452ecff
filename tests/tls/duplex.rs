//! A blocking connection that one thread reads while another one writes.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use rustls::{ServerConnection, StreamOwned};
use sansocket::blocking::{self, Stream, TlsStream, TryClone};
use sansocket::{ClientRequest, CloseCode, Error, TimedOut, Timeouts};

use crate::parts::{LONG, Socket, Trust, serve, server_stream};

const MIB: usize = 1 << 20;
const CHUNK: usize = 64 * 1024;

/// The mebibytes that go each way, enough to fill the buffers of both sockets.
fn mebibytes() -> usize {
    std::env::var("TLS_MEBIBYTES").map_or(64, |text| text.parse().unwrap())
}

/// A chunk of the stream is filled with its number.
fn chunk(number: usize) -> Vec<u8> {
    vec![number as u8; CHUNK]
}

/// Sends and receives at once, and closes.
fn exchange(socket: Socket, mebibytes: usize) {
    let (sender, mut receiver) = socket.split().unwrap();
    let sending = thread::spawn(move || {
        for number in 0..mebibytes * MIB / CHUNK {
            sender.send(chunk(number)).unwrap();
        }
    });
    for number in 0..mebibytes * MIB / CHUNK {
        let message = receiver.recv().unwrap().unwrap();
        assert!(message.as_bytes() == chunk(number), "message {number}");
    }
    sending.join().unwrap();
    assert!(receiver.close(CloseCode::NORMAL, "").unwrap().was_clean());
}

fn exchange_both_ways(mebibytes: usize) {
    let (client, server) = Trust::new().sockets();
    let server = thread::spawn(move || exchange(server, mebibytes));
    exchange(client, mebibytes);
    server.join().unwrap();
}

#[test]
fn halves_send_and_receive_at_once() {
    exchange_both_ways(mebibytes());
}

/// `cargo test --release -p sansocket-tls-tests gibibyte -- --ignored`
#[test]
#[ignore = "takes seconds with optimised code, and minutes without"]
fn one_gibibyte_each_way_at_once() {
    exchange_both_ways(1024);
}

#[test]
fn peer_that_stops_reading_ends_a_send_and_no_receive() {
    let trust = Trust::new();
    let config = Arc::clone(&trust.server);
    let (stop, stopped) = mpsc::channel::<()>();
    let (address, server) = serve(move |stream| {
        let mut socket = blocking::accept(server_stream(config, stream)).unwrap();
        // It sends as before, and reads no more.
        for number in 0..3 {
            socket.send(number.to_string()).unwrap();
        }
        stopped.recv().unwrap();
    });
    let stream = TcpStream::connect(address).unwrap();
    let stream = TlsStream::connect(&trust.client, "localhost", stream, LONG).unwrap();
    let timeouts = Timeouts { write: Some(Duration::from_millis(300)), ..Timeouts::default() };
    let options = blocking::Options::new().timeouts(timeouts);
    let request = ClientRequest::new("wss://localhost/").unwrap();
    let socket = options.connect_with_stream(stream, &request).unwrap().0;
    let (sender, mut receiver) = socket.split().unwrap();
    let sending = thread::spawn(move || {
        loop {
            if let Err(error) = sender.send(chunk(0)) {
                return error;
            }
        }
    });
    for number in 0..3 {
        assert_eq!(receiver.recv().unwrap().unwrap().as_bytes(), number.to_string().as_bytes());
    }
    let error = sending.join().unwrap();
    assert!(matches!(error, Error::TimedOut(TimedOut::Write | TimedOut::Room)), "{error:?}");
    stop.send(()).unwrap();
    server.join().unwrap();
}

/// rustls as the peer: it sends before it reads, and asks for new keys (RFC 8446 §4.6.3) again and
/// again. The answers must not stop the thread that reads, although the other one is blocked in a
/// write, and must arrive in order.
#[test]
fn requested_key_updates_are_answered_by_the_thread_that_writes() {
    let trust = Trust::new();
    let config = Arc::clone(&trust.server);
    let chunks = 16 * MIB / CHUNK;
    let (address, server) = serve(move |stream| {
        let mut stream = StreamOwned::new(ServerConnection::new(config).unwrap(), stream);
        for number in 0..chunks {
            if number % 8 == 7 {
                stream.conn.refresh_traffic_keys().unwrap();
            }
            stream.write_all(&chunk(number)).unwrap();
        }
        stream.flush().unwrap();
        let mut received = vec![0; CHUNK];
        for number in 0..chunks {
            stream.read_exact(&mut received).unwrap();
            assert!(received == chunk(number), "chunk {number} at the server");
            if number % 8 == 7 {
                stream.conn.refresh_traffic_keys().unwrap();
                stream.write_all(b"!").unwrap();
            }
        }
    });
    let stream = TcpStream::connect(address).unwrap();
    let mut reader = TlsStream::connect(&trust.client, "localhost", stream, LONG).unwrap();
    let mut writer = reader.try_clone().unwrap();
    let writing = thread::spawn(move || {
        for number in 0..chunks {
            writer.write_all(&chunk(number)).unwrap();
        }
        writer.flush().unwrap();
    });
    let mut received = vec![0; CHUNK];
    for number in 0..chunks {
        reader.read_exact(&mut received).unwrap();
        assert!(received == chunk(number), "chunk {number} at the client");
    }
    reader.read_exact(&mut received[..chunks / 8]).unwrap();
    assert!(received[..chunks / 8].iter().all(|byte| *byte == b'!'));
    writing.join().unwrap();
    server.join().unwrap();
}

/// A socket whose next write waits, once there is a gate: it says that it has begun, and waits to be
/// released.
struct Gated(TcpStream, Arc<Mutex<Option<Gate>>>);

type Gate = (mpsc::Sender<()>, mpsc::Receiver<()>);

impl Read for Gated {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Gated {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let gate = self.1.lock().unwrap().take();
        if let Some((begun, released)) = gate {
            begun.send(()).unwrap();
            released.recv().unwrap();
        }
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Stream for Gated {
    fn shutdown(&mut self, how: Shutdown) -> io::Result<()> {
        self.0.shutdown(how)
    }
}

impl TryClone for Gated {
    fn try_clone(&self) -> io::Result<Self> {
        Ok(Self(self.0.try_clone()?, Arc::clone(&self.1)))
    }
}

/// The alert about a damaged record is left to the thread that is writing.
#[test]
fn error_of_a_reader_does_not_wait_for_a_writer_and_its_alert_follows_the_data() {
    let trust = Trust::new();
    let config = Arc::clone(&trust.server);
    let (begin, begun) = mpsc::channel();
    let (release, released) = mpsc::channel();
    let (address, server) = serve(move |mut stream| {
        let mut tls = ServerConnection::new(config).unwrap();
        while tls.is_handshaking() {
            tls.complete_io(&mut stream).unwrap();
        }
        begun.recv().unwrap();
        stream.write_all(&[0x17, 3, 3, 0, 20]).unwrap();
        stream.write_all(&[7; 20]).unwrap();
        // The alert may arrive together with the data before it.
        let error = loop {
            tls.read_tls(&mut stream).unwrap();
            if let Err(error) = tls.process_new_packets() {
                break error;
            }
        };
        let mut data = [0; 4];
        tls.reader().read_exact(&mut data).unwrap();
        (data, error)
    });
    let gate = Arc::new(Mutex::new(None));
    let stream = Gated(TcpStream::connect(address).unwrap(), Arc::clone(&gate));
    let mut reader = TlsStream::connect(&trust.client, "localhost", stream, LONG).unwrap();
    let mut writer = reader.try_clone().unwrap();
    *gate.lock().unwrap() = Some((begin, released));
    let writing = thread::spawn(move || (writer.write(b"data").unwrap(), writer));
    assert_eq!(reader.read(&mut [0; 9]).unwrap_err().kind(), io::ErrorKind::InvalidData);
    release.send(()).unwrap();
    let (written, mut writer) = writing.join().unwrap();
    assert_eq!(written, 4);
    assert_eq!(writer.write(b"more").unwrap_err().kind(), io::ErrorKind::InvalidData);
    drop((reader, writer));
    let (data, error) = server.join().unwrap();
    assert_eq!(&data, b"data");
    let alert = rustls::AlertDescription::BadRecordMac;
    assert_eq!(error, rustls::Error::AlertReceived(alert));
}

#[test]
fn abort_ends_a_write_that_is_blocked() {
    let (mut aborter, server) = Trust::new().streams();
    let mut writer = aborter.try_clone().unwrap();
    let (block, is_blocked) = mpsc::channel::<()>();
    let writing = thread::spawn(move || {
        writer.set_write_timeout(Some(Duration::from_millis(20))).unwrap();
        while writer.write(&chunk(0)).is_ok() {}
        // The buffers of both sockets are full: the next write blocks.
        writer.set_write_timeout(None).unwrap();
        block.send(()).unwrap();
        (0..).find_map(|number| writer.write_all(&chunk(number)).err()).unwrap()
    });
    is_blocked.recv().unwrap();
    aborter.shutdown(Shutdown::Both).unwrap();
    assert_eq!(writing.join().unwrap().kind(), io::ErrorKind::BrokenPipe);
    drop(server);
}
