//! `kernels`: what works on every byte, by itself: functions that libraries make public, each
//! beside sansocket's and `memcpy`.
//!
//! Prints JSON: by work and size, how many ns each function takes, and how many times as long as
//! sansocket's.

mod text;
mod turns;
mod unmask;

fn main() {
    let measured: Vec<String> =
        unmask::works().chain(text::works()).map(|work| work.measure()).collect();
    println!("[{}]", measured.join(",\n"));
}
