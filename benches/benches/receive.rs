//! Receiving one masked message, copied or borrowed, against copying its bytes: `cargo
//! bench -p sansocket-benches --bench receive`

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use sansocket::wire::Opcode;
use sansocket::{Config, Connection, EventRef};
use sansocket_benches::{SIZES, masked, receive};

fn receiving(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("receive");
    for size in SIZES {
        group.throughput(Throughput::Bytes(size as u64));
        for (name, opcode) in [("binary", Opcode::Binary), ("text", Opcode::Text)] {
            let payload = vec![b'x'; size];
            let frame = masked(opcode, &payload);
            let mut connection = Connection::server(Config::new());
            assert_eq!(receive(&mut connection, &frame).as_bytes(), payload);
            group.bench_function(BenchmarkId::new(name, size), |bencher| {
                bencher.iter(|| {
                    let message = receive(&mut connection, &frame);
                    connection.receive();
                    message
                });
            });
            // As from a socket, into a read buffer that is reused.
            let mut window = frame.clone();
            group.bench_function(BenchmarkId::new(format!("{name}, borrowed"), size), |bencher| {
                bencher.iter(|| {
                    window.copy_from_slice(black_box(&frame));
                    let event = connection.receive_from(&mut &mut window[..]);
                    assert!(matches!(event, Some(EventRef::Message(message)) if message.as_bytes().len() == size));
                });
            });
        }
        let (source, mut target) = (vec![b'x'; size], vec![0; size]);
        group.bench_function(BenchmarkId::new("memcpy", size), |bencher| {
            bencher.iter(|| black_box(&mut target).copy_from_slice(black_box(&source)));
        });
    }
}

criterion_group!(benches, receiving);
criterion_main!(benches);
