//! Limits of a head, in both roles: RFC 9110 §5.4, RFC 6585 §5.

use bytes::BufMut;
use sansocket::HeadError::{self, LineTooLong, TooLong, TooManyFields};
use sansocket::{
    ClientHandshake, ClientRequest, Config, RequestError, ResponseError, ServerHandshake,
};
use support::{Chunking, entropy};

/// Fields that make the head this long in bytes, each line with its end at most `line` long.
fn filled(len: usize, line: usize) -> String {
    let mut fields = String::new();
    while fields.len() < len {
        let left = len - fields.len();
        // The shortest line is `X:` with its end.
        let this = if left <= line { left } else { line.min(left - 4) };
        fields += &format!("X:{}\r\n", "x".repeat(this - 4));
    }
    fields
}

/// What a server makes of a request with these fields in addition to five of its own.
fn serve(config: &Config, fields: &str, chunking: Chunking) -> Result<(), HeadError> {
    let head = format!("{REQUEST}{fields}\r\n");
    let mut handshake = ServerHandshake::new(config.clone());
    for chunk in chunking.split(head.as_bytes()) {
        handshake.input().put_slice(chunk);
        match handshake.receive() {
            Ok(None) => {}
            Ok(Some(request)) => {
                assert_eq!(request.headers().get("Host"), Some("a"));
                assert_eq!(request.headers().len(), 5 + fields.lines().count());
                return Ok(());
            }
            Err(rejection) => match rejection.error() {
                RequestError::Head(error) => return Err(*error),
                error => panic!("{error}"),
            },
        }
    }
    panic!("the request is complete")
}

const REQUEST: &str = "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";

const RESPONSE: &str = "HTTP/1.1 204 No\r\n";

/// What a client makes of a refusal with these fields.
fn ask(config: &Config, fields: &str, chunking: Chunking) -> Result<(), HeadError> {
    let request = ClientRequest::new("ws://a/").unwrap();
    let mut handshake = ClientHandshake::new(&request, config.clone(), entropy());
    for chunk in chunking.split(format!("{RESPONSE}{fields}\r\n").as_bytes()) {
        handshake.input().put_slice(chunk);
        match handshake.receive() {
            Ok(_) => {}
            Err(ResponseError::UnexpectedStatus(response)) => {
                assert_eq!(response.headers().len(), fields.lines().count());
                return Ok(());
            }
            Err(ResponseError::Head(error)) => return Err(error),
            Err(error) => panic!("{error}"),
        }
    }
    panic!("the response is complete")
}

const CHUNKINGS: [Chunking; 3] = [Chunking::Whole, Chunking::Bytewise, Chunking::At(1000)];

/// The longest head, line and number of fields that are accepted in each role, and one more.
fn assert_limits(config: &Config, head: usize, line: usize, fields: usize) {
    for chunking in CHUNKINGS {
        let [request, response] = [REQUEST, RESPONSE].map(|start| head - start.len() - 2);
        assert_eq!(serve(config, &filled(request, line), chunking), Ok(()));
        assert_eq!(ask(config, &filled(response, line), chunking), Ok(()));
        let too_long = Err(TooLong { limit: head });
        assert_eq!(serve(config, &filled(request + 1, line), chunking), too_long);
        assert_eq!(ask(config, &filled(response + 1, line), chunking), too_long);

        assert_eq!(serve(config, &filled(line, line), chunking), Ok(()));
        let too_long = Err(LineTooLong { limit: line });
        assert_eq!(serve(config, &filled(line + 1, line + 1), chunking), too_long);
        assert_eq!(ask(config, &filled(line + 1, line + 1), chunking), too_long);

        let lines = |count: usize| "X:\r\n".repeat(count);
        assert_eq!(serve(config, &lines(fields - 5), chunking), Ok(()));
        assert_eq!(ask(config, &lines(fields), chunking), Ok(()));
        let too_many = Err(TooManyFields { limit: fields });
        assert_eq!(serve(config, &lines(fields - 4), chunking), too_many);
        assert_eq!(ask(config, &lines(fields + 1), chunking), too_many);
    }
}

#[test]
fn limits_of_a_head_have_defaults() {
    assert_limits(&Config::new(), 16 * 1024, 8 * 1024, 100);
}

#[test]
fn limits_of_a_head_can_be_raised() {
    let config = Config::new().max_head_size(200_000).max_head_line(150_000).max_head_fields(1000);
    assert_limits(&config, 200_000, 150_000, 1000);
}

#[test]
fn limits_of_a_head_can_be_lowered() {
    let config = Config::new().max_head_size(1000).max_head_line(300).max_head_fields(10);
    assert_limits(&config, 1000, 300, 10);
}

/// The limit of a line follows that of the head, if that is lower.
#[test]
fn lowest_limit_holds() {
    let config = Config::new().max_head_size(1000);
    assert_eq!(serve(&config, &filled(2000, 2000), Chunking::Whole), Err(TooLong { limit: 1000 }));
}
