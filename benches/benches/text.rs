//! `Text::as_str`, which does not validate, against validation in every call, and against receiving
//! the text: `cargo bench -p sansocket-benches --bench text`

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use sansocket::wire::Opcode;
use sansocket::{Config, Connection, Message};
use sansocket_benches::{SIZES, cyrillic, masked, receive};

fn text(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("text");
    for size in SIZES {
        let source = cyrillic(size);
        let frame = masked(Opcode::Text, source.as_bytes());
        let mut connection = Connection::server(Config::new());
        let Message::Text(text) = receive(&mut connection, &frame) else { panic!("text is text") };
        assert_eq!(text, source.as_str());
        group.bench_function(BenchmarkId::new("receive", size), |bencher| {
            bencher.iter(|| {
                let message = receive(&mut connection, &frame);
                connection.receive();
                message
            });
        });
        group.bench_function(BenchmarkId::new("as_str", size), |bencher| {
            bencher.iter(|| black_box(&text).as_str().len());
        });
        group.bench_function(BenchmarkId::new("from_utf8", size), |bencher| {
            bencher.iter(|| std::str::from_utf8(black_box(text.as_bytes())).map(str::len));
        });
    }
}

criterion_group!(benches, text);
criterion_main!(benches);
