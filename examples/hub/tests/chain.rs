//! An update of many clients, in the first format of Yjs: each has one character, behind that of
//! the client before.

use std::ops::Range;

use yrs::encoding::write::Write;

/// `first` is the client whose character begins the text.
pub(crate) fn chain(clients: Range<u64>, first: u64) -> Vec<u8> {
    let mut update = vec![];
    update.write_var(clients.end - clients.start);
    for client in clients {
        update.push(1);
        update.write_var(client);
        if client == first {
            update.extend(b"\x00\x04\x01\x04text\x01x");
        } else {
            update.extend(b"\x00\x84");
            update.write_var(client - 1);
            update.extend(b"\x00\x01x");
        }
    }
    update.push(0);
    update
}
