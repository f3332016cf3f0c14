"""How far a run is: a line that changes on a terminal, one line a minute in a log."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread

from proptag.score.work import Done

_EVERY = 60.0  # seconds between two lines of a log


@dataclass
class Progress:
    """Counts what is done; ``total`` and weights are bytes of the input files."""

    total: int
    begun: float = field(default_factory=time.monotonic)
    articles: int = 0
    duplicates: int = 0
    sentences: int = 0
    problems: int = 0
    weight: int = 0
    skipped: int = 0
    said: float = 0.0

    def add(self, done: Done) -> None:
        """Count what a unit brought."""
        self.articles += done.articles
        self.duplicates += len(done.duplicates)
        self.sentences += done.sentences
        self.problems += done.problems
        self.weight += done.weight
        self.skipped += done.skipped

    def __str__(self) -> str:
        """Say it in one line."""
        seconds = max(time.monotonic() - self.begun, 1e-9)
        share = min(self.weight / self.total, 1.0) if self.total else 1.0
        text = f"{share:4.0%}  {self.articles} articles scored, {self.articles / seconds:.1f} a second"
        text += f", {self.problems} failed" if self.problems else ""
        scored, left = self.weight - self.skipped, self.total - self.weight
        return f"{text}, {_duration(left * seconds / scored)} left" if scored > 0 and left > 0 else text


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 1:
        return "less than a minute"
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    return f"{days} d {hours} h" if days else f"{hours} h {minutes} min" if hours else f"{minutes} min"


def tell(progress: Progress, *, last: bool = False) -> None:
    """Say how far it is: at once on a terminal, at most once a minute in a log."""
    terminal = sys.stderr.isatty()
    now = time.monotonic()
    if terminal:
        print(f"\r\x1b[2K{progress}", end="\n" if last else "", file=sys.stderr, flush=True)
    elif last or now - progress.said >= _EVERY:
        progress.said = now
        print(progress, file=sys.stderr, flush=True)


@contextmanager
def telling(progress: Progress) -> Iterator[None]:
    """Say it now and then also while a long unit is at work, and a last time at the end."""
    over = Event()

    def watch() -> None:
        while not over.wait(_EVERY / 6):
            tell(progress)

    thread = Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
    tell(progress, last=True)
