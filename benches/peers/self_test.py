#!/usr/bin/env python3
"""Tests of `benches/peers/run` itself: the names that it takes, and those of the commands in the documents."""

from __future__ import annotations

import re
import subprocess
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
DOCUMENTS = [HERE.parents[1] / "README.md", HERE / "README.md"]


def listed(*words: str) -> subprocess.CompletedProcess:
    return subprocess.run([HERE / "run", "--list", *words], capture_output=True, text=True)


class Names(unittest.TestCase):
    def test_unknown_name_beside_a_known_one_is_refused(self):
        for words in (["--cell", "memory", "--cell", "memroy"], ["wtx", "wtk"]):
            run = listed(*words)
            self.assertEqual(run.returncode, 2)
            self.assertIn(f"nothing is named {words[-1]};", run.stderr)

    def test_all_names_are_listed(self):
        for name in ("16x20B@10", "subscribers", "broadcast-counts", "wtx"):
            self.assertRegex(listed().stdout, rf"(?m)^  {name}\b")

    def test_documents_name_what_there_is(self):
        for document in DOCUMENTS:
            cells = re.findall(r"--cell\s+'?([^\s'`]+)", document.read_text())
            self.assertTrue(cells)
            for cell in cells:
                run = listed("--cell", cell)
                self.assertEqual(run.returncode, 0, f"{document}: {run.stderr}")


if __name__ == "__main__":
    unittest.main()
