//! Unmasking in place, against copying the same bytes: `cargo bench -p sansocket-benches --bench
//! mask`

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use sansocket::wire::apply_mask;
use sansocket_benches::SIZES;

fn mask(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("mask");
    for size in SIZES {
        let source = vec![7; size];
        let mut buffer = source.clone();
        group.throughput(Throughput::Bytes(size as u64));
        group.bench_function(BenchmarkId::new("apply_mask", size), |bencher| {
            bencher.iter(|| apply_mask([1, 2, 3, 4], 1, &mut buffer));
        });
        group.bench_function(BenchmarkId::new("memcpy", size), |bencher| {
            bencher.iter(|| buffer.copy_from_slice(std::hint::black_box(&source)));
        });
        apply_mask([1, 2, 3, 4], 1, &mut buffer);
        apply_mask([1, 2, 3, 4], 1, &mut buffer);
        assert_eq!(buffer, source, "twice is not at all");
    }
}

criterion_group!(benches, mask);
criterion_main!(benches);
