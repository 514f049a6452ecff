//! A server's opening handshake, against the parsing and hashing in it alone: `cargo bench -p
//! sansocket-benches --bench handshake`

use criterion::{Criterion, criterion_group, criterion_main};
use sansocket_benches::operations::{accept, accept_bare};

fn handshake(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("handshake");
    group.bench_function("accept", |bencher| bencher.iter(accept()));
    group.bench_function("httparse, SHA-1 and base64 alone", |bencher| bencher.iter(accept_bare()));
}

criterion_group!(benches, handshake);
criterion_main!(benches);
