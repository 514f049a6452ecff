//! The client for other libraries' servers: sends messages of every kind, and checks their echo.
//!
//! `interop_client PRESET URL`; started by `interop/run`. The preset `every` tests every level,
//! window and takeover.

use std::error::Error;
use std::process::ExitCode;

use sansocket::deflate::Deflate;
use sansocket::{ClientRequest, CloseCode, Compress, Config, Message, blocking};

fn main() -> ExitCode {
    match run() {
        Ok(count) => {
            println!("{count} messages");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("interop_client: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<usize, Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(preset), Some(url)) = (arguments.next(), arguments.next()) else {
        return Err("PRESET URL".into());
    };
    let request = ClientRequest::new(&url)?;
    let small = [0, 1, 300, 5000];
    let large = [0, 1, 63, 64, 125, 126, 1000, 4097, 65_535, 65_536, 300_000];
    Ok(match preset.as_str() {
        "speed" => echo(&request, Deflate::speed(), &large)?,
        "balance" => echo(&request, Deflate::balance(), &large)?,
        "memory" => echo(&request, Deflate::memory(), &large)?,
        "two offers" => echo(&request, Deflate::memory().offer_fallback(true), &large)?,
        "plain" => echo(&request, Deflate::new().offer_client_max_window_bits(false), &large)?,
        "9/9" => echo(&request, Deflate::new().max_window_bits(9).peer_max_window_bits(9), &large)?,
        "every" => {
            let mut count = 0;
            for (level, bits) in (1..=9).flat_map(|level| (8..=15).map(move |bits| (level, bits))) {
                for fresh in [false, true] {
                    // zlib, in the other libraries, does not compress with a window of 8 bits.
                    let deflate = Deflate::new()
                        .level(level)
                        .max_window_bits(bits)
                        .peer_max_window_bits(bits.max(9));
                    let deflate =
                        deflate.no_context_takeover(fresh).peer_no_context_takeover(fresh);
                    count += echo(&request, deflate, &small)
                        .map_err(|error| format!("{level}, {bits}, {fresh}: {error}"))?;
                }
            }
            count
        }
        _ => return Err(format!("no preset {preset}").into()),
    })
}

/// Sends all messages on one connection, and checks the echoes.
fn echo(
    request: &ClientRequest,
    deflate: Deflate,
    sizes: &[usize],
) -> Result<usize, Box<dyn Error>> {
    let (mut socket, _) =
        blocking::Options::new().config(Config::new().deflate(deflate)).connect(request)?;
    let mut count = 0;
    for &size in sizes {
        for message in messages(size) {
            for compress in [Compress::Automatic, Compress::Always, Compress::Never] {
                socket.send(message.clone().compress(compress))?;
                let answer = socket
                    .recv()?
                    .ok_or_else(|| format!("the server closed: {:?}", socket.closed()))?;
                if answer != message {
                    return Err(
                        format!("{message:?}, {compress:?}, came back as {answer:?}").into()
                    );
                }
                count += 1;
            }
        }
    }
    let closed = socket.close(CloseCode::NORMAL, "")?;
    if closed.was_clean() {
        Ok(count)
    } else {
        Err(format!("not closed cleanly: {closed:?}").into())
    }
}

/// Repetitive text, multi-byte characters, random bytes, and zeros.
fn messages(size: usize) -> [Message; 4] {
    let json = "{\"type\":\"chat\",\"text\":\"hello again\"}".repeat(size / 36 + 1);
    let mut state = size as u64 + 1;
    let noise = (0..size).map(|_| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    });
    [
        Message::from(&json[..size]),
        Message::from("κόσμε 🙂 ".repeat(size / 16)),
        Message::from(noise.collect::<Vec<u8>>()),
        Message::from(vec![0; size]),
    ]
}
