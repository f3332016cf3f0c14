"""The processes that read: their time limit is one for an article, and every file has a name of its own."""

import hashlib
import os
import time
from pathlib import Path
from threading import Thread

import pytest

from proptag.config import IngestConfig, ScoreConfig
from proptag.score.readers import Request, read_files, reading
from proptag.score.units import Names


def answers(*paths, **more):
    """Read files in one process; return the kinds of the answers by name."""
    config = ScoreConfig("model", "in", "out", ingest=IngestConfig(languages="any"), **more)
    with reading(config) as readers:
        found = list(read_files((Request(path, path.name, ()) for path in paths), readers))
    return {path.name: [message for request, message in found if request.path == path] for path in paths}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="a pipe stands for a slow disk")
def test_hashing_a_large_file_does_not_fall_under_the_time_of_an_article(tmp_path):
    """Its bytes take twice the limit to come."""
    slow = tmp_path / "slow.txt"
    os.mkfifo(slow)

    def write():
        with slow.open("wb", buffering=0) as pipe:
            for _ in range(20):
                time.sleep(0.25)
                pipe.write(b"x" * 1_000_000)

    thread = Thread(target=write)
    thread.start()
    found = answers(slow, read_seconds=2.5)["slow.txt"]
    thread.join()
    assert found[0] == ["file", hashlib.sha256(b"x" * 20_000_000).hexdigest(), 20_000_000]
    assert [message[1]["kind"] for message in found if message[0] == "problem"] == ["unreadable"]  # no timeout: a pipe is no file


@pytest.mark.skipif(os.name == "nt", reason="names are Unicode there")
def test_names_that_are_no_utf8_stay_apart(tmp_path):
    paths = [tmp_path / os.fsdecode(name) for name in (b"caf\xe9.txt", b"caf\xe8.txt")]
    names = Names([str(tmp_path)])
    assert [names(path) for path in paths] == [r"caf\udce9.txt", r"caf\udce8.txt"]
    assert names(tmp_path / "plain.txt") == "plain.txt"
    assert Names(["a", "b"])(Path("a/é.txt")) == "a/é.txt"
