//! The core without std, for where no bare-metal target is installed: a second panic handler would
//! not link.
#![no_std]
#![no_main]

extern crate alloc;

use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::panic::PanicInfo;

use bytes::{Buf, BufMut};
use sansocket::proxy::{Proxy, Tunnel};
use sansocket::{ClientHandshake, ClientRequest, Config, Entropy, Event, ServerHandshake};

// The C library has `memcpy` and starts `main`; std would bring it along.
#[link(name = "c")]
unsafe extern "C" {}

/// Memory that is taken from one end and never given back: enough for one conversation.
struct Arena(UnsafeCell<(usize, [u8; 1 << 20])>);

// SAFETY: the program has one thread.
unsafe impl Sync for Arena {}

// SAFETY: every block is inside the arena, aligned, and given out once.
unsafe impl GlobalAlloc for Arena {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: nobody else has a reference to the arena meanwhile.
        let (used, memory) = unsafe { &mut *self.0.get() };
        let base = memory.as_mut_ptr() as usize;
        let start = (base + *used).next_multiple_of(layout.align()) - base;
        if start + layout.size() > memory.len() {
            return core::ptr::null_mut();
        }
        *used = start + layout.size();
        memory[start..].as_mut_ptr()
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

#[global_allocator]
static ARENA: Arena = Arena(UnsafeCell::new((0, [0; 1 << 20])));

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {}
}

/// Named by the parts of the toolchain that were built to unwind; nothing here does.
#[unsafe(no_mangle)]
pub extern "C" fn rust_eh_personality() {}

/// As above.
#[unsafe(no_mangle)]
pub extern "C" fn _Unwind_Resume() -> ! {
    loop {}
}

/// A tunnel, a handshake and an echo; 0 if they went as they should.
#[unsafe(no_mangle)]
pub extern "C" fn main() -> i32 {
    i32::from(!matches!(converse(), Some(true)))
}

fn converse() -> Option<bool> {
    let proxy = Proxy::parse("socks5h://proxy").ok()?;
    let mut tunnel = Tunnel::new(&proxy, "localhost", 80, &Config::new()).ok()?;
    tunnel.received(b"\x05\x00\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00");
    tunnel.receive().ok()??;

    let request = ClientRequest::new("ws://localhost/").ok()?;
    let mut opening = ClientHandshake::new(&request, Config::new(), Entropy::from_seed([7; 32]));
    let mut answering = ServerHandshake::new(Config::new());
    answering.input().put_slice(opening.output().chunk());
    let mut server = answering.receive().ok()??.accept();
    opening.input().put(server.output());
    let (mut client, _) = opening.receive().ok()??;

    client.send("hello").ok()?;
    server.input().put(client.output());
    let Some(Event::Message(message)) = server.receive() else { return None };
    server.send(message).ok()?;
    client.input().put(server.output());
    Some(client.receive() == Some(Event::Message("hello".into())))
}
