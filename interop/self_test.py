#!/usr/bin/env python3
"""Tests of `interop/run` itself: which outcomes fail, how few peers are too few, and deadlines."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import unittest
from argparse import Namespace
from dataclasses import dataclass, field
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from select import select
from threading import Event

sys.dont_write_bytecode = True
LOADER = SourceFileLoader("run", str(Path(__file__).resolve().parent / "run"))
run = module_from_spec(spec_from_loader("run", LOADER))
LOADER.exec_module(run)

import parts
import ports
from harness import SERVERS, Difference, Harness, Row, compression
from processes import Failed, Processes
from relay import Scanner, Seen, short
from summary import Summary

LISTED = Difference("its API can't send pings", r"received Text\(.*\)")


@dataclass
class Peer:
    name: str = "peer"
    differences: dict = field(default_factory=lambda: {"server": {"server pings": LISTED}})


def summary(printed: str, cases=("text", "server pings"), why: str = "") -> Summary:
    row, outcome = Row(Peer(), "server", "1.0", cases), Summary()
    row.take(printed)
    row.why = why
    outcome.add(row)
    return outcome


class Differences(unittest.TestCase):
    def test_listed_outcome_is_a_difference(self):
        outcome = summary('ok text\nno server pings: received Text("ping")\n')
        self.assertEqual((outcome.passed, outcome.differences, outcome.failures), (1, 1, []))

    def test_another_outcome_fails(self):
        outcome = summary("ok text\nno server pings: connection reset\n")
        self.assertIn("connection reset; the listed difference is another", outcome.failures[0])

    def test_outcome_that_only_begins_as_listed_fails(self):
        outcome = summary('ok text\nno server pings: received Text("ping"), then closed\n')
        self.assertEqual(outcome.failed, 1)

    def test_not_tested_is_no_difference(self):
        anything = Difference("whatever it is", ".*")
        self.assertNotEqual(anything.verdict("not tested"), "difference")
        self.assertIn("server pings: not tested", summary("ok text\n").failures[0])

    def test_listed_difference_that_does_not_occur_fails(self):
        outcome = summary("ok text\nok server pings\n")
        self.assertIn("passed, but is listed as a difference", outcome.failures[0])

    def test_listed_case_that_the_role_does_not_have_fails(self):
        outcome = summary("ok text\n", cases=["text"])
        self.assertIn("server pings: not tested", outcome.failures[0])

    def test_case_that_is_not_tested_fails(self):
        outcome = summary('no server pings: received Text("ping")\n')
        self.assertEqual(outcome.failures, ["peer, server, text: not tested"])

    def test_client_has_its_differences_with_each_of_our_servers(self):
        peer = Peer(differences={"client": {"text": LISTED}})
        for role in SERVERS:
            row, outcome = Row(peer, role, "1.0", ["text"]), Summary()
            row.take("no text: received Text(1)\n")
            outcome.add(row)
            self.assertEqual((outcome.differences, outcome.failures), (1, []), role)
            self.assertIn(role, outcome.text())

    def test_end_of_a_program_is_reported_once(self):
        outcome = summary("ok text\n", why="exit status 1")
        self.assertEqual(outcome.failures, ["peer, server: exit status 1"])

    def test_every_reason_of_the_table_has_an_outcome(self):
        for peer in [*parts.TABLE, *parts.BROWSERS]:
            for listed in peer.differences.values():
                for case, difference in (listed or {}).items():
                    self.assertIsInstance(difference, Difference, f"{peer.name}, {case}")
                    self.assertNotRegex(difference.outcome, r"^\.[*+]$", f"{peer.name}, {case}")


class TooFewPeers(unittest.TestCase):
    def missing(self, skipped, select="all", peer=None) -> str:
        return run.missing_peers(Namespace(select=select, peer=peer), skipped)

    def test_all_peers_skipped_are_too_few(self):
        self.assertTrue(self.missing(list(parts.PEERS)))
        self.assertTrue(self.missing(list(parts.PEERS), "quick"))

    def test_minimum_is_a_number_of_peers(self):
        most = len(parts.PEERS) - run.MINIMUM["all"]
        self.assertEqual(self.missing(sorted(parts.PEERS)[:most]), "")
        self.assertIn("29 peers", self.missing(sorted(parts.PEERS)[: most + 1]))

    def test_proxies_are_no_peers(self):
        self.assertEqual(self.missing(["nginx", "wss", "express"]), "")

    def test_quick_has_enough_of_npm_and_pip(self):
        quick = [part for part in parts.ALL if part.quick and part.name in parts.PEERS]
        alone = [part for part in quick if not any("apt:" in need for need in part.needs)]
        self.assertEqual(len(alone), run.MINIMUM["quick"])

    def test_peer_that_is_named_has_to_be_tested(self):
        self.assertIn("ws", self.missing(["ws"], peer=["ws", "jdk"]))
        self.assertEqual(self.missing([], peer=["ws"]), "")


class Hanging:
    """A part whose program does not end. It takes every exception for a failure of its own."""

    name, needs = "hanging", ()

    def test(self, harness: Harness, outcome: Summary) -> None:
        self.process = harness.processes.start(["sleep", "60"], harness.log())
        try:
            self.process.wait()
        except Exception:
            pass
        outcome.passed += 1


class Quick:
    name, needs = "quick", ()

    def test(self, _, outcome: Summary) -> None:
        outcome.passed += 1


class Deadlines(unittest.TestCase):
    def summary_of(self, parts: list, limit: float, of_run: float) -> Summary:
        outcome = Summary()
        with tempfile.TemporaryDirectory() as folder, Processes(of_run) as processes:
            make = lambda name: Harness(Path(folder), Path(folder), processes, name)
            run.test(parts, None, make, outcome, limit)
            self.assertIsNotNone(parts[0].process.poll(), "its program is stopped")
        return outcome

    def test_part_that_hangs_fails_and_the_next_is_tested(self):
        outcome = self.summary_of([Hanging(), Quick()], 1, 3600)
        self.assertEqual(outcome.failures, ["hanging: did not end within 1 s"])
        self.assertIn("FAILED hanging: did not end within 1 s", outcome.text())
        self.assertEqual(outcome.last_line(), "1 passed, 1 failed")

    def test_deadline_of_the_run_ends_a_part_and_names_those_that_are_left(self):
        outcome = self.summary_of([Hanging(), Quick()], 3600, 1)
        why = "the run did not end within 1 s"
        self.assertEqual(outcome.failures, [f"hanging: {why}", f"quick: {why}"])
        self.assertEqual(outcome.last_line(), "0 passed, 2 failed")

    def test_deadline_is_over_at_the_end_of_its_block(self):
        with Processes() as processes:
            with processes.within(1):
                pass
            with self.assertRaises(Failed), processes.within(2):
                Event().wait(60)


class Stopping(unittest.TestCase):
    def test_child_that_ignores_sigterm_ends_with_its_program(self):
        with tempfile.TemporaryDirectory() as folder, Processes() as processes:
            fifo = Path(folder) / "fifo"
            os.mkfifo(fifo)
            script = 'trap "" TERM; sleep 60 >"$0" & trap - TERM; wait'
            program = processes.start(["sh", "-c", script, fifo], Path(folder) / "log")
            # Opened when the child runs, and at its end when the child has ended.
            with fifo.open("rb") as pipe:
                processes.stop(program)
                self.assertTrue(select([pipe], [], [], 10)[0])


class Ports(unittest.TestCase):
    def test_reserved_port_is_of_one_run_alone(self):
        mine = [ports.reserve_port() for _ in range(3)]
        self.assertEqual(len({*mine}), 3)
        other = "import ports; print(ports.reserve_port())"
        folder = Path(ports.__file__).parent
        printed = subprocess.run([sys.executable, "-c", other], cwd=folder, capture_output=True, text=True)
        self.assertNotIn(int(printed.stdout), mine)

    def test_reserved_port_is_none_that_the_system_gives(self):
        dynamic = ports.dynamic_ports()
        if all(port in dynamic for port in ports.PORTS):
            self.skipTest("the system gives all ports")
        self.assertNotIn(ports.reserve_port(), dynamic)


class Frames(unittest.TestCase):
    def test_compressed_messages_are_counted_in_any_pieces(self):
        head = b"HTTP/1.1 101 OK\r\nsec-websocket-extensions: permessage-deflate\r\n\r\n"
        frames = b"\xc1\x02hi" + b"\x01\x01a\x80\x01b" + b"\xd2\x00"
        seen = Seen()
        scanner = Scanner(seen)
        for byte in head + frames:
            scanner.feed(bytes([byte]))
        self.assertEqual((seen.messages, seen.compressed, seen.misplaced), (3, 2, 1))
        self.assertEqual(seen.extensions, ["permessage-deflate"])

    def test_connection_is_used_again_after_a_refusal(self):
        refusal = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\n\r\nHow?"
        requests, answers = Scanner(Seen()), Scanner(Seen())
        for byte in b"GET /refuse HTTP/1.1\r\n\r\n" + b"GET / HTTP/1.1\r\n\r\n" + b"\xc1\x02hi":
            requests.feed(bytes([byte]))
        for byte in refusal + b"HTTP/1.1 101 OK\r\n\r\n" + b"\xc1\x02hi":
            answers.feed(bytes([byte]))
        self.assertEqual(requests.seen, Seen(1, 1, 0, []))
        self.assertEqual(answers.seen, Seen(1, 1, 0, []))

    def test_one_direction_is_not_enough(self):
        back = Seen(3, 3, 0, ["permessage-deflate"])
        self.assertEqual(compression(Seen(3, 1), back), "")
        self.assertIn("one direction", compression(Seen(3, 0), back))
        self.assertEqual(compression(Seen(3, 0), Seen(3, 0)), "not negotiated")

    def test_parameters_are_shown(self):
        answer = "permessage-deflate; server_max_window_bits=12; client_no_context_takeover"
        self.assertEqual(short(answer), "server 12; client no takeover")
        self.assertEqual(short("permessage-deflate"), "nothing more")


if __name__ == "__main__":
    unittest.main()
