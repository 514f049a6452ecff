//! Functions that do the same work in turn, so that a change of the machine's speed affects all.

use std::hint::black_box;
use std::time::Instant;

/// A function, by its library. Its arguments are bytes to change in place, and a copy of their
/// first content.
pub type Kernel = (&'static str, fn(&mut [u8], &[u8]));

pub const MEMCPY: Kernel = ("memcpy", <[u8]>::copy_from_slice);

/// Consecutive payloads, each after a header, as a server receives them.
pub struct Work {
    pub kind: &'static str,
    pub size: &'static str,
    pub header: usize,
    pub payload: Vec<u8>,
    /// The result of one call; the next call restores the payload.
    pub result: Vec<u8>,
    /// The first is sansocket's.
    pub kernels: &'static [Kernel],
}

/// The size of the payloads in bytes: they fit into the L1 cache, but not into registers.
const BUFFER: usize = 16 * 1024;

/// The number of turns of each function, and the minimum of bytes in a turn.
const TURNS: usize = 101;
const TURN: usize = 256 * 1024;

impl Work {
    /// The median of all turns of each, as JSON.
    pub fn measure(&self) -> String {
        let frame = [vec![0; self.header], self.payload.clone()].concat();
        let count = (BUFFER / frame.len()).max(1);
        let passes = 2 * (TURN / (frame.len() * count)).max(1);
        let mut frames = frame.repeat(count);
        let mut turns = vec![Vec::new(); self.kernels.len()];
        for turn in 0..TURNS {
            for number in 0..turns.len() {
                let number = (number + turn) % turns.len();
                let kernel = black_box(self.kernels[number]);
                self.check(kernel);
                let begun = Instant::now();
                for _ in 0..passes {
                    for frame in frames.chunks_exact_mut(frame.len()) {
                        (kernel.1)(&mut frame[self.header..], &self.payload);
                    }
                }
                turns[number].push(begun.elapsed().as_nanos() as f64 / (passes * count) as f64);
                assert!(
                    frames.chunks_exact(frame.len()).all(|after| after == frame),
                    "{} broke something",
                    kernel.0
                );
            }
        }
        let rows = self.kernels.iter().zip(&turns).map(|((name, _), taken)| {
            let times = taken.iter().zip(&turns[0]).map(|(taken, ours)| taken / ours).collect();
            format!(
                "\"{name}\": {{\"ns\": {:.2}, \"times\": {:.3}}}",
                median(taken.clone()),
                median(times)
            )
        });
        let rows = rows.collect::<Vec<_>>().join(", ");
        format!(
            "{{\"kind\": \"{}\", \"size\": \"{}\", \"kernels\": {{{rows}}}}}",
            self.kind, self.size
        )
    }

    /// Checks the result of each function.
    fn check(&self, (name, kernel): Kernel) {
        let mut payload = self.payload.clone();
        kernel(&mut payload, &self.payload);
        assert!(
            name == MEMCPY.0 || payload == self.result,
            "{name}, {} of {}: a wrong result",
            self.size,
            self.kind
        );
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
