//! Every published attack on a WebSocket library that could be found, tried on this one. A test is
//! named after its CVE, or after the project that had the bug, and limits the memory and work that
//! the attack may cost: counted, never timed.
//!
//! Many attacks are tested elsewhere:
//!
//! * F1 an announced length overflows, or is given memory:
//!   `core::frames::every_row_of_the_table_gives_its_events`,
//!   `memory::connection::an_announced_length_allocates_nothing`,
//!   `memory::connection::a_frame_over_the_limit_is_rejected_by_its_header`,
//!   `memory::connection::a_dribbled_message_holds_at_most_twice_its_bytes`,
//!   `core::exhaustive::every_limit_with_every_length_is_ok_or_1009`
//! * F3–F7 lengths in long form, wrong masks, reserved bits, bad control frames, broken
//!   fragmentation: `core::frames::every_row_of_the_table_gives_its_events`,
//!   `core::exhaustive::every_first_two_bytes_for_a_server`,
//!   `core::exhaustive::every_first_two_bytes_for_a_client`
//! * F8 text that is not UTF-8: `core::exhaustive::every_text_of_up_to_three_bytes`,
//!   `core::exhaustive::every_text_of_four_bytes`, `core::chunks::text_in_chunks_must_be_utf8`
//! * F9 forged Close frames: `core::exhaustive::every_close_code_both_ways`,
//!   `core::closing::a_reason_has_at_most_123_bytes`
//! * F10 data after the close: `memory::connection::a_closed_connection_holds_nothing`,
//!   `core::closing::nothing_changes_a_closed_connection`,
//!   `core::closing::no_frame_is_sent_after_a_close_frame`
//! * F12 masks at odd places: `core::exhaustive::every_mask_offset`
//! * R1, R2 tiny and empty fragments: `memory::connection::tiny_fragments_hold_what_they_carry`,
//!   `memory::connection::empty_fragments_are_counted`
//! * R3 quadratic work: `memory::connection::fragments_are_joined_in_linear_time`,
//!   `handshake::fields::long_lists_take_linear_time`
//! * R4 pings to a peer that does not read: `memory::connection::a_ping_flood_allocates_nothing`,
//!   `core::frames::a_ping_flood_leaves_one_deferred_pong`,
//!   `adapters::timeouts::ping_flood_is_at_most_100_reads_in_one_poll`
//! * R5 a peer that does not read:
//!   `adapters::timeouts::send_times_out_when_the_peer_does_not_read`,
//!   `adapters::blocking::a_peer_that_does_not_read_makes_writes_time_out_and_loses_nothing`
//! * R6 a peer that is slow or gone:
//!   `adapters::timeouts::slow_request_bytes_do_not_extend_the_handshake_timeout`,
//!   `adapters::long_work::dead_peer_is_noticed_within_150_s_and_the_error_names_the_causes`
//! * R7 a closing handshake that never completes (CVE-2024-23672):
//!   `adapters::timeouts::closing_handshake_times_out_after_five_seconds`,
//!   `adapters::timeouts::recv_ends_at_the_close_frames_and_until_closed_at_the_close_deadline`
//! * R8 buffers that never shrink:
//!   `memory::connection::an_idle_connection_holds_nothing_after_a_large_message_came_and_went`,
//!   `memory::connection::an_unused_read_reservation_is_freed`
//! * H1–H8, H10, H12, H20 malformed requests, smuggling:
//!   `handshake::server::every_request_gets_its_response_in_every_split`
//! * H9 a second request behind a refused one:
//!   `handshake::server::a_request_after_a_rejected_one_gets_no_response`
//! * H11, K8 frames in the same packet as the head (CVE-2026-2833):
//!   `handshake::server::frames_after_the_request_are_received`,
//!   `handshake::client::frames_after_the_response_are_received`
//! * H13, H14 endless heads: `handshake::fields::head_limits_are_exact`,
//!   `handshake::fields::an_endless_head_is_rejected_at_the_limit`,
//!   `memory::connection::an_endless_head_is_bounded`
//! * H15 foreign origins: `handshake::fields::an_origin_matches_only_as_a_whole`,
//!   `handshake::fields::same_origin_compares_scheme_host_and_port`
//! * H16, H17 hostile lists:
//!   `handshake::fields::the_server_chooses_by_its_preference_among_the_offered_subprotocols`,
//!   `handshake::fields::unknown_extensions_are_parsed_and_declined`
//! * K1, K4, K5, K7 malformed responses:
//!   `handshake::client::every_response_opens_or_fails_in_every_split`,
//!   `handshake::client::a_response_head_has_limits`
//! * K2, K3 refusals, redirects:
//!   `handshake::client::an_unexpected_status_has_its_headers_and_the_start_of_its_body`,
//!   `handshake::client::interim_1xx_responses_are_skipped`
//! * K9 URIs with additional parts: `handshake::uri::every_uri_parses_to_its_parts_or_is_rejected`
//! * K11, K12 nonces and masks that can be guessed (CVE-2025-10148):
//!   `handshake::client::every_handshake_has_a_new_nonce`,
//!   `handshake::client::every_frame_has_a_new_masking_key`
//! * K6 invalid responses to a compression offer:
//!   `deflate::handshake::an_invalid_extension_response_fails_the_connection`,
//!   `deflate::handshake::responses_of_ten_servers_are_accepted_or_fail_by_the_rfc`,
//!   `deflate::params::an_invalid_response_fails_the_connection`
//! * D1 bombs (CVE-2018-1000518, CVE-2026-1526, CVE-2026-39804, CVE-2026-27571, CVE-2026-54464,
//!   CVE-2026-54274): `memory::deflate_bombs::d1_a_gibibyte_in_a_mebibyte`,
//!   `memory::deflate_bombs::a_bomb_in_large_reads_adds_only_the_read`,
//!   `memory::deflate_states::a_bomb_ends_at_the_limit_in_bounded_memory`
//! * D2 limits that are off by a few:
//!   `deflate::receiving::the_limit_is_exact_for_every_block_type`,
//!   `deflate::codec::the_inflated_limit_is_exact`,
//!   `attacks::deflate::d2_compressed_message_over_the_limit_is_1009`
//! * D3 input without output: `memory::deflate_bombs::d3_a_million_empty_blocks`,
//!   `attacks::deflate::d3_empty_deflate_blocks_over_the_limit_are_1009`
//! * D4 streams of every form: `attacks::deflate::d4_every_form_of_stream_inflates`,
//!   `deflate::codec::the_examples_of_section_7_2_3_inflate`
//! * D5 invalid streams (CVE-2018-25032, CVE-2022-37434, CVE-2020-36406, RUSTSEC-2024-0401):
//!   `attacks::deflate::d5_invalid_deflate_data_is_1007`,
//!   `attacks::deflate::d5_appended_tail_does_not_overwrite_the_next_frame`,
//!   `deflate::codec::damaged_streams_give_an_error_or_the_same_message_in_every_split`
//! * D6 hostile parameters (CVE-2026-2229):
//!   `attacks::deflate::d6_invalid_parameters_are_declined_or_an_error`,
//!   `deflate::handshake::the_first_acceptable_offer_is_chosen`,
//!   `deflate::params::an_invalid_offer_is_declined`
//! * D7 compressed messages without negotiation, uncompressed ones with it:
//!   `deflate::receiving::rsv1_is_allowed_on_the_first_frame_of_a_negotiated_message_only`,
//!   `attacks::deflate::d7_rsv1_without_negotiation_is_1002`
//! * D8 states that leak the window of another connection:
//!   `attacks::deflate::d8_pooled_states_do_not_share_windows_between_connections`,
//!   `deflate::codec::a_pooled_state_keeps_nothing_of_its_last_message`
//! * D9 secrets compressed together with attacker-chosen text:
//!   `attacks::deflate::d9_uncompressed_messages_and_no_context_takeover_leak_no_size`,
//!   `deflate::handshake::compression_is_off_unless_both_sides_ask_for_it`
//! * D10 memory that is held:
//!   `attacks::deflate::d10_states_are_allocated_on_first_use_and_freed_at_the_end`,
//!   `memory::deflate_states::the_pool_keeps_32_states_of_each_kind`
//! * M5 secrets in logs: `core::debug::debug_shows_no_content_keys_or_header_values`,
//!   `handshake::fields::debug_shows_no_header_values`
//! * A1, A3 futures that are dropped:
//!   `session::cancel::every_async_method_documents_its_cancel_safety`,
//!   `session::cancel::latest_waker_is_woken_by_bytes_room_and_eof`
//! * A2 interrupted and short reads and writes:
//!   `adapters::blocking::interrupted_and_short_reads_and_writes_change_nothing`
//! * A5 halves that interfere:
//!   `adapters::tokio_halves::eight_senders_keep_their_order_while_the_peer_pings`,
//!   `adapters::blocking::many_threads_send_and_their_messages_do_not_mix`
//! * A8 time that overflows: `core::timing::none_disables_a_timeout_and_no_deadline_overflows`
//!
//! Missing features have no test: HTTP/2 (H21), password checks (H19), proxies (K13), drafts, and
//! TLS, except that `wss:` never falls back to plain TCP.

mod answers;
mod clear;
mod close;
#[cfg(feature = "deflate")]
mod compression;
#[cfg(feature = "deflate")]
mod deflate;
mod forgery;
mod fragments;
mod heads;
mod held;
mod injection;
mod linear;
mod masks;
mod pings;
mod progress;
mod sizes;
#[cfg(all(feature = "testing", any(feature = "tokio", feature = "futures-io")))]
mod turns;
mod utf8;

#[global_allocator]
static ALLOCATOR: support::allocator::Counting = support::allocator::Counting;

use std::fs;

use bytes::BufMut;
use sansocket::{CloseOutcome, Connection, Event, ProtocolError, Role};
use support::{masked, unmasked};

const ROLES: [Role; 2] = [Role::Client, Role::Server];

/// A frame as the peer of this role would send it.
fn from_peer(role: Role, first: u8, payload: &[u8]) -> Vec<u8> {
    if role == Role::Server { masked(first, payload) } else { unmasked(first, payload) }
}

/// A header with a 64-bit length, as the peer of this role would send it.
fn announced(role: Role, first: u8, length: u64) -> Vec<u8> {
    let (mask, key): (u8, &[u8]) = if role == Role::Server { (0x80, &[0; 4]) } else { (0, &[]) };
    [&[first, mask | 127], &length.to_be_bytes()[..], key].concat()
}

/// Feeds bytes, drops the events, and counts them.
fn take(connection: &mut Connection, bytes: &[u8]) -> usize {
    connection.input().put_slice(bytes);
    std::iter::from_fn(|| connection.receive()).count()
}

/// The protocol error that closed the connection, if any.
fn violation(connection: &Connection) -> Option<ProtocolError> {
    match connection.closed()?.outcome() {
        CloseOutcome::ProtocolError(error) => Some(error),
        _ => None,
    }
}

fn messages(events: &[Event]) -> Vec<&[u8]> {
    let messages = events.iter().filter_map(|event| match event {
        Event::Message(message) => Some(message.as_bytes()),
        _ => None,
    });
    messages.collect()
}

#[test]
fn every_listed_test_exists() {
    let list: String =
        include_str!("main.rs").lines().filter_map(|line| line.strip_prefix("//!")).collect();
    let names: Vec<_> = list.split('`').filter_map(|word| word.rsplit_once("::")).collect();
    for (module, test) in &names {
        let file = format!("tests/{}.rs", module.replace("::", "/"));
        let text = fs::read_to_string(support::repository().join(&file)).unwrap();
        assert!(
            text.contains(&format!("fn {test}(")) || text.contains(&format!("fn {test}<")),
            "{file}::{test}"
        );
    }
    assert!(names.len() > 40, "{}", names.len());
}
