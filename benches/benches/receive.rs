//! Receiving one masked message: `cargo bench -p sansocket-benches --bench receive`

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use sansocket::wire::Opcode;
use sansocket::{Config, Connection};
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
        }
    }
}

criterion_group!(benches, receiving);
criterion_main!(benches);
