//! Sending one message, against copying its bytes: `cargo bench -p sansocket-benches --bench send`

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use sansocket::bytes::{Buf, Bytes};
use sansocket::{Config, Connection, Entropy};
use sansocket_benches::SIZES;

/// Drains the output; returns its length.
fn drain(connection: &mut Connection) -> usize {
    let len = connection.output().remaining();
    connection.output().advance(len);
    len
}

fn sending(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("send");
    for size in SIZES {
        group.throughput(Throughput::Bytes(size as u64));
        let client = Connection::client(Config::new(), Entropy::from_seed([7; 32]));
        for (role, mut connection) in
            [("server", Connection::server(Config::new())), ("client", client)]
        {
            let payload = Bytes::from(vec![b'x'; size]);
            group.bench_function(BenchmarkId::new(format!("{role}, borrowed"), size), |bencher| {
                bencher.iter(|| {
                    connection.send(payload.clone()).expect("it is open");
                    assert!(drain(&mut connection) > size);
                });
            });
            group.bench_function(BenchmarkId::new(format!("{role}, copied"), size), |bencher| {
                bencher.iter(|| {
                    connection.send_ref(&payload[..]).expect("it is open");
                    assert!(drain(&mut connection) > size);
                });
            });
        }
        let (source, mut target) = (vec![b'x'; size], vec![0; size]);
        group.bench_function(BenchmarkId::new("memcpy", size), |bencher| {
            bencher.iter(|| black_box(&mut target).copy_from_slice(black_box(&source)));
        });
    }
}

criterion_group!(benches, sending);
criterion_main!(benches);
