//! Text in pieces of any size is valid if std accepts the whole; otherwise the piece with the first
//! invalid byte is rejected.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sansocket::wire::Utf8Validator;
use sansocket_fuzz::{Input, cut};

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input(bytes);
    let count = usize::from(input.byte() % 16);
    let sizes = input.take(count);
    let text = input.0;
    // The first invalid byte: std reports the length of the valid start of the sequence.
    let bad = std::str::from_utf8(text)
        .err()
        .and_then(|error| Some(error.valid_up_to() + error.error_len()?));

    for pieces in [cut(text, sizes), text.chunks(1).collect(), vec![text]] {
        let (mut utf8, mut seen) = (Utf8Validator::new(), 0);
        let refused = pieces.iter().find_map(|piece| {
            seen += piece.len();
            utf8.push(piece).err()
        });
        match bad {
            Some(at) => {
                assert!(refused.is_some() && seen >= at.min(text.len()), "{seen} of {at}");
                // Not one piece later than std, for the bytes up to there.
                let early =
                    std::str::from_utf8(&text[..seen]).expect_err("what was refused is bad");
                assert!(early.error_len().is_some());
                let last = pieces
                    .iter()
                    .scan(0, |sum, piece| {
                        Some((*sum, {
                            *sum += piece.len();
                            *sum
                        }))
                    })
                    .find(|(_, end)| *end == seen);
                let start = last.expect("the piece that was refused").0;
                assert!(
                    std::str::from_utf8(&text[..start])
                        .err()
                        .is_none_or(|error| error.error_len().is_none()),
                    "too late"
                );
            }
            None => {
                assert!(refused.is_none());
                assert_eq!(utf8.finish().is_ok(), std::str::from_utf8(text).is_ok());
            }
        }
    }
});
