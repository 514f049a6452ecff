//! Prices as a pure function of the symbol and the time, so that several hubs agree without
//! messages. Time is counted in ticks.

/// The number of points of a symbol's history.
const POINTS: usize = 120;

/// On average, a symbol changes in one of so many ticks.
const EVERY: u64 = 3;

/// A symbol and its name. The companies are made up.
pub(crate) const SYMBOLS: [(&str, &str); 24] = [
    ("ALDR", "Alder & Rook"),
    ("BRNC", "Brinecrest"),
    ("CALX", "Calixto Optics"),
    ("DNMR", "Dunmere Rail"),
    ("EBRN", "Ebbarn Mills"),
    ("FJLD", "Fjeldwick"),
    ("GRVL", "Gravelbury"),
    ("HSLM", "Haslemoor"),
    ("IVRN", "Ivarnine"),
    ("JTSN", "Jettison Bay"),
    ("KLPR", "Kelperry"),
    ("LMNT", "Lumontide"),
    ("MRSH", "Marshwether"),
    ("NVLK", "Novelake"),
    ("ORRY", "Orrery Works"),
    ("PLGT", "Plinghurst"),
    ("QVER", "Quaverley"),
    ("RDDL", "Riddlecombe"),
    ("SBLT", "Sablethorn"),
    ("TRNW", "Ternwick"),
    ("UMBR", "Umbrafell"),
    ("VLTN", "Veltane"),
    ("WSPR", "Wisperholt"),
    ("YRRW", "Yarroway"),
];

/// The place of a symbol.
pub(crate) fn index_of(symbol: &str) -> Option<usize> {
    SYMBOLS.iter().position(|(known, _)| *known == symbol)
}

/// Whether the price of a symbol changes in this tick.
pub(crate) fn changes(symbol: usize, tick: u64) -> bool {
    hash(symbol as u64, tick).is_multiple_of(EVERY)
}

/// The price of a symbol from a tick in which it changes, in hundredths: above 0.
pub(crate) fn price(symbol: usize, tick: u64) -> f64 {
    let seed = hash(symbol as u64, u64::MAX);
    let base = 10.0 + (seed % 49_000) as f64 / 100.0;
    // Periods without a common multiple: minutes, seconds and hours of ten ticks a second.
    let wave = |period: f64, phase: u64| {
        let phase = (phase % 1000) as f64 / 1000.0;
        ((tick as f64 / period + phase) * std::f64::consts::TAU).sin()
    };
    let slow = 0.12 * wave(27_182.818, seed >> 8);
    let middle = 0.05 * wave(1_414.213_562, seed >> 16);
    let fast = 0.015 * wave(173.205_08, seed >> 24);
    let noise = 0.006 * ((hash(!(symbol as u64), tick) % 2001) as f64 / 1000.0 - 1.0);
    let price = base * (1.0 + slow + middle + fast + noise);
    (price * 100.0).round() / 100.0
}

/// The last points of a symbol up to this tick, the oldest first: ticks and prices.
pub(crate) fn history(symbol: usize, tick: u64) -> Vec<(u64, f64)> {
    let changed = (0..=tick).rev().filter(|tick| changes(symbol, *tick)).take(POINTS);
    let mut points: Vec<_> = changed.map(|tick| (tick, price(symbol, tick))).collect();
    points.reverse();
    points
}

/// SplitMix64's finalizer, of both numbers: each bit depends on all of theirs.
fn hash(a: u64, b: u64) -> u64 {
    let mut x = a.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(b);
    for factor in [0xbf58_476d_1ce4_e5b9_u64, 0x94d0_49bb_1331_11eb] {
        x = (x ^ (x >> 30)).wrapping_mul(factor);
    }
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_above_zero_and_move_a_little() {
        for symbol in 0..SYMBOLS.len() {
            let points = history(symbol, 17_000_000_000);
            assert_eq!(points.len(), POINTS);
            for pair in points.windows(2) {
                assert!(pair[0].0 < pair[1].0 && pair[1].1 > 0.0);
                assert!((pair[1].1 / pair[0].1 - 1.0).abs() < 0.05, "{pair:?}");
            }
        }
    }

    #[test]
    fn about_a_third_of_the_symbols_change_in_a_tick() {
        let count = |tick| (0..SYMBOLS.len()).filter(|symbol| changes(*symbol, tick)).count();
        let changed: usize = (1_000_000..1_001_000).map(count).sum();
        assert!((7_500..8_500).contains(&changed), "{changed}");
    }
}
