//! `kernels`: public functions of libraries that process every byte, compared with sansocket's and
//! `memcpy`.
//!
//! Prints JSON: by work and size, the time of each function in ns, and its ratio to sansocket's.

mod text;
mod turns;
mod unmask;

fn main() {
    let measured: Vec<String> =
        unmask::works().chain(text::works()).map(|work| work.measure()).collect();
    println!("[{}]", measured.join(",\n"));
}
