//! Records and what streams make of them: headers that travel with their payload, writes that are
//! cut, reads that end anywhere, and a peer that does not read.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rustls::ServerConnection;
use sansocket::blocking::{self, Stream, TlsStream};

use crate::parts::{LONG, Trust, connect, serve, server_stream};

/// A socket that keeps what is written to it.
struct Recorded(TcpStream, Arc<Mutex<Vec<u8>>>);

impl Read for Recorded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Recorded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.0.write(bytes)?;
        self.1.lock().unwrap().extend(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Stream for Recorded {
    fn shutdown(&mut self, how: Shutdown) -> io::Result<()> {
        self.0.shutdown(how)
    }
}

/// The lengths of the records in a stream of them.
fn records(mut stream: &[u8]) -> Vec<usize> {
    let mut lens = vec![];
    while let [0x17, 3, 3, high, low, rest @ ..] = stream {
        let len = usize::from(u16::from_be_bytes([*high, *low]));
        lens.push(len);
        stream = &rest[len..];
    }
    assert!(stream.is_empty());
    lens
}

#[test]
fn header_and_payload_of_a_frame_are_in_one_record() {
    let trust = Trust::new();
    let config = Arc::clone(&trust.server);
    let written = Arc::new(Mutex::new(vec![]));
    let stream = Arc::clone(&written);
    let sizes = [0, 5, 125, 126, 16 * 1024 - 4, 64 * 1024];
    let (address, server) = serve(move |tcp| {
        let connection = ServerConnection::new(config).unwrap();
        let stream = TlsStream::from((connection, Recorded(tcp, stream)));
        let mut socket = blocking::accept(stream).unwrap();
        written.lock().unwrap().clear();
        sizes.map(|size| {
            socket.send(vec![1; size]).unwrap();
            records(&std::mem::take(&mut *written.lock().unwrap()))
        })
    });
    let mut client = connect(address, "localhost", &trust.client).unwrap();
    for size in sizes {
        assert_eq!(client.recv().unwrap().unwrap().len(), size);
    }
    // RFC 8446 §5.2: the type of the content, and the tag, are another 17 bytes.
    let expected = [
        vec![2 + 17],
        vec![7 + 17],
        vec![127 + 17],
        vec![130 + 17],
        vec![16 * 1024 + 17],
        vec![16 * 1024 + 17; 4].into_iter().chain([10 + 17]).collect(),
    ];
    assert_eq!(server.join().unwrap(), expected);
}

/// A socket that takes and gives a few bytes at a time, and now and then none in time.
struct Choppy(TcpStream, usize);

impl Choppy {
    fn size(&mut self, len: usize) -> io::Result<usize> {
        self.1 += 1;
        match self.1 % 5 {
            0 => Err(ErrorKind::WouldBlock.into()),
            3 => Err(ErrorKind::Interrupted.into()),
            number => Ok(len.min(number * 7 + self.1 % 3000)),
        }
    }
}

impl Read for Choppy {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let size = self.size(buffer.len())?;
        self.0.read(&mut buffer[..size])
    }
}

impl Write for Choppy {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let size = self.size(bytes.len())?;
        self.0.write(&bytes[..size])
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Stream for Choppy {}

/// Repeats a call until the stream does something.
fn insist(mut call: impl FnMut() -> io::Result<usize>) -> usize {
    loop {
        match call() {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            result => return result.unwrap(),
        }
    }
}

#[test]
fn reads_and_writes_that_are_cut_anywhere_lose_nothing() {
    let sent: Vec<u8> = (0..1 << 20).map(|place: u32| (place ^ place >> 8) as u8).collect();
    for buffer_size in [1, 2, 700, 5000, 64 * 1024] {
        let sent = &sent[..sent.len().min(buffer_size * 2000)];
        let trust = Trust::new();
        let (address, server) = serve(move |stream| {
            let connection = ServerConnection::new(trust.server).unwrap();
            let mut stream = TlsStream::from((connection, Choppy(stream, 0)));
            let (mut received, mut buffer) = (Vec::new(), vec![0; buffer_size]);
            loop {
                match insist(|| stream.read(&mut buffer)) {
                    0 => return received,
                    count => received.extend_from_slice(&buffer[..count]),
                }
            }
        });
        let name = "localhost".try_into().unwrap();
        let connection = rustls::ClientConnection::new(trust.config.into(), name).unwrap();
        let stream = Choppy(TcpStream::connect(address).unwrap(), 0);
        let mut client = TlsStream::from((connection, stream));
        let mut unsent = sent;
        while !unsent.is_empty() {
            let count = insist(|| client.write(unsent));
            unsent = &unsent[count..];
        }
        insist(|| client.flush().map(|()| 0));
        // Choppy has no shutdown of its own.
        insist(|| client.shutdown(Shutdown::Write).map(|()| 0));
        insist(|| client.flush().map(|()| 0));
        assert!(server.join().unwrap() == sent, "{buffer_size}");
    }
}

#[test]
fn queue_is_bounded_when_a_peer_does_not_read_and_is_written_when_it_does() {
    let (mut client, mut server) = Trust::new().streams();
    Stream::set_write_timeout(&mut client, Some(Duration::from_millis(20))).unwrap();
    let (mut accepted, mut refused) = (0_u64, 0);
    while refused < 3 {
        match client.write(&vec![9; 1 << 20]) {
            Ok(count) => {
                assert!(count <= 64 * 1024, "{count} bytes in one write");
                accepted += count as u64;
                refused = 0;
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                refused += 1;
            }
        }
    }
    assert_eq!(client.flush().unwrap_err().kind(), ErrorKind::WouldBlock);
    let reading = thread::spawn(move || {
        let received = io::copy(&mut server, &mut io::sink()).unwrap();
        (received, server)
    });
    Stream::set_write_timeout(&mut client, LONG).unwrap();
    client.flush().unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    assert_eq!(reading.join().unwrap().0, accepted);
}

#[test]
fn read_timeout_is_that_of_the_whole_call() {
    let trust = Trust::new();
    let config = Arc::clone(&trust.server);
    let (address, server) = serve(move |tcp| {
        let mut stream = server_stream(config, tcp.try_clone().unwrap());
        stream.complete_handshake(LONG).unwrap();
        // A record that is never complete, a byte now and then.
        let mut tcp = tcp;
        let _ = tcp.write_all(&[0x17, 3, 3, 0x40, 0]);
        while tcp.write_all(&[0]).is_ok() {
            thread::sleep(Duration::from_millis(5));
        }
    });
    let stream = TcpStream::connect(address).unwrap();
    let mut client = TlsStream::connect(&trust.client, "localhost", stream, LONG).unwrap();
    Stream::set_read_timeout(&mut client, Some(Duration::from_millis(100))).unwrap();
    for _ in 0..2 {
        assert_eq!(client.read(&mut [0; 9]).unwrap_err().kind(), ErrorKind::WouldBlock);
    }
    drop(client);
    server.join().unwrap();
}

#[test]
fn tls_stands_on_tls() {
    let (outer, inner) = (Trust::new(), Trust::new());
    let config = (outer.server, inner.server);
    let (address, server) = serve(move |stream| {
        let connection = ServerConnection::new(config.1).unwrap();
        let stream = TlsStream::from((connection, server_stream(config.0, stream)));
        let mut socket = blocking::accept(stream).unwrap();
        while let Some(message) = socket.recv().unwrap() {
            socket.send(message).unwrap();
        }
    });
    let stream = TcpStream::connect(address).unwrap();
    let stream = TlsStream::connect(&outer.client, "localhost", stream, LONG).unwrap();
    let stream = TlsStream::connect(&inner.client, "localhost", stream, LONG).unwrap();
    let request = sansocket::ClientRequest::new("wss://localhost/").unwrap();
    let socket = blocking::connect_with_stream(stream, &request).unwrap().0;
    let (sender, mut receiver) = socket.split().unwrap();
    sender.send(vec![3; 100_000]).unwrap();
    assert_eq!(receiver.recv().unwrap().unwrap().as_bytes(), [3; 100_000]);
    assert!(receiver.close(sansocket::CloseCode::NORMAL, "").unwrap().was_clean());
    server.join().unwrap();
}
