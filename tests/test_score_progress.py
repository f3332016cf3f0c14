"""The display of progress: rate, time left, and how often it is said."""

import sys
from types import SimpleNamespace

import pytest

from proptag.score import progress as module
from proptag.score.progress import Progress, tell
from proptag.score.work import Done


@pytest.fixture
def clock(monkeypatch):
    """A clock that is set by hand."""
    clock = SimpleNamespace(now=1000.0)
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


def done(articles, weight, problems=0, skipped=0):
    return Done(articles, articles * 10, problems, weight, skipped)


def test_rate_and_time_left_are_those_of_what_is_scored(clock):
    progress = Progress(10_000, begun=clock.now)
    clock.now += 100
    progress.add(done(50, 1_000, problems=2))
    assert str(progress) == " 10%  50 articles scored, 0.5 a second, 2 failed, 15 min left"
    progress.add(done(0, 8_000, skipped=8_000))  # what was scored before says nothing of the speed
    assert str(progress) == " 90%  50 articles scored, 0.5 a second, 2 failed, 2 min left"
    progress.add(done(1, 1_000))
    assert str(progress) == "100%  51 articles scored, 0.5 a second, 2 failed"


@pytest.mark.parametrize(("total", "left"), [(101, "less than a minute"), (37_000, "1 h 2 min"), (9_000_000, "10 d 10 h")])
def test_time_left_in_words(clock, total, left):
    progress = Progress(total, begun=clock.now)
    clock.now += 10
    progress.add(done(1, 100))
    assert str(progress).endswith(f", {left} left")


def test_a_log_has_one_line_a_minute_and_the_last(clock, capsys):
    progress = Progress(100)
    for _ in range(300):
        clock.now += 1
        tell(progress)
    assert len(capsys.readouterr().err.splitlines()) == 5
    tell(progress, last=True)
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_terminal_has_one_changing_line(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    progress = Progress(100)
    for _ in range(3):
        tell(progress)
    tell(progress, last=True)
    said = capsys.readouterr().err
    assert (said.count("\r\x1b[2K"), said.count("\n")) == (4, 1)


def test_a_long_unit_keeps_no_log_silent(capsys, monkeypatch):
    monkeypatch.setattr(module, "_EVERY", 0.06)
    with module.telling(Progress(100)):
        module.time.sleep(0.5)
    assert len(capsys.readouterr().err.splitlines()) >= 3
