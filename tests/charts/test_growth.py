"""The soak benchmark at its smallest: late corrections among closed procedures, right answers, no table scanned."""

import subprocess
import sys

import pytest

from deploy.local.stack import ROOT

pytestmark = pytest.mark.live


def test_a_fact_among_closed_procedures_scans_no_table() -> None:
    command = [sys.executable, "bench/soak.py", "--procedures", "2000", "--messages", "5"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    (line,) = [line for line in done.stdout.splitlines() if line.strip().startswith("2,000 |")]
    assert line.split(" | ")[5] == "0", line
