"""The engine on Ray: the rows of the local one, also when its processes are killed, and no network beyond this machine."""

import json
import shutil
import signal
import subprocess
import sys
import time

import psutil
import pytest

from proptag.config import ScoreConfig
from proptag.errors import UserError
from proptag.score.run import score
from proptag.settings import build
from test_score import rows

pytest.importorskip("ray", reason="pip install 'proptag[ray]'")
CODE = """
import json, sys
from proptag.config import ScoreConfig
from proptag.score.run import score
from proptag.settings import build
score(build(ScoreConfig, json.loads(sys.argv[1])))
"""


def settings(model, folder, output, engine):
    fixed = {
        "part_size": 1,
        "dtype": "float32",
        "device": "cpu",
        "pages": 2,
        "max_failed": 1.0,
        "workers": 2,
        "ingest": {"languages": "any"},
    }
    return {"model": str(model), "input": str(folder), "output": str(output), "engine": engine, **fixed}


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "in"
    path.mkdir()
    for i in range(16):
        (path / f"{i:02}.txt").write_text("\n".join(f"The vile council number {i} betrays sentence {j} again." for j in range(3 + i)))
    (path / "copy.txt").write_text((path / "03.txt").read_text())
    (path / "empty.txt").write_text("")
    return path


def test_ray_gives_the_rows_of_the_local_engine_also_when_its_processes_are_killed(model, folder, tmp_path):
    score(build(ScoreConfig, settings(model, folder, tmp_path / "local", "local")))
    output = tmp_path / "ray"
    command = [sys.executable, "-c", CODE, json.dumps(settings(model, folder, output, "ray"))]
    run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    doomed, far = ["ray::ReadUnits", "ray::MapWorker"], set()  # the input is read long before all of it is scored
    while run.poll() is None:
        begun = len(list((output / "articles").glob("part-*"))) >= 2
        far |= addresses(run.pid) if begun else set()
        if doomed and (begun or doomed[0] == "ray::ReadUnits") and kill(run.pid, doomed[0]):
            doomed.pop(0)
        time.sleep(0.02)
    assert run.returncode == 0, run.stdout.read()
    assert not doomed, "neither a worker nor the reading task may be left out"
    assert rows(output) == rows(tmp_path / "local")
    assert far == set()


def test_a_failure_in_a_worker_is_told_in_words_and_leaves_the_session_of_the_caller(model, folder, tmp_path):
    import ray

    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    try:
        broken = tmp_path / "model"
        shutil.copytree(model, broken)
        (broken / "model.safetensors").write_bytes(b"broken")
        with pytest.raises(UserError, match=r"model.*; the same command goes on from here"):
            score(build(ScoreConfig, settings(broken, folder, tmp_path / "out", "ray") | {"workers": 1}))
        assert ray.is_initialized()
    finally:
        ray.shutdown()


def processes(parent):
    try:
        yield from psutil.Process(parent).children(recursive=True)
    except psutil.Error:
        return


def kill(parent, name):
    for process in processes(parent):
        try:
            if process.cmdline()[:1] and process.cmdline()[0].startswith(name):
                process.send_signal(signal.SIGKILL)
                return True
        except psutil.Error:
            continue
    return False


def addresses(parent):
    """The addresses, other than those of this machine alone, at which processes listen or are connected."""
    found = set()
    for process in processes(parent):
        try:
            ends = [end for c in process.net_connections("inet") for end in (c.laddr, c.raddr) if end]
        except psutil.Error:
            continue
        found |= {end.ip for end in ends if end.ip not in ("127.0.0.1", "::1", "::ffff:127.0.0.1")}
    return found
