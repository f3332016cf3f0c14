"""Runs that are killed, disks that are full and files that are bad, on purpose; ``pytest -m long`` does it at length."""

import subprocess
import sys

import pytest

from conftest import ROOT


@pytest.mark.parametrize(("kills", "bad", "workers"), [(8, 120, 1), *(pytest.param(200, 2000, n, marks=pytest.mark.long) for n in (1, 2))])
def test_no_fault_loses_or_doubles_a_row(model, kills, bad, workers):
    pytest.importorskip("resource", reason="the processes are forked")
    command = [
        sys.executable,
        ROOT / "benchmarks" / "fault_injection.py",
        f"model={model}",
        f"kills={kills}",
        f"bad={bad}",
        f"workers={workers}",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"| runs killed by SIGKILL | {kills}, at" in done.stdout
