"""Score many changed copies of a folder, and watch rate and memory; the peer is ``transformers.pipeline`` on the same sentences.

    python benchmarks/scale.py model=FOLDER input=FOLDER output=runs/scale [copies=1,10,50] [settings of score_folder.py]

In every copy of an article, three words in a hundred are swapped for words of other articles, so that no two texts are the same. The
table gives, for each number of copies, articles and sentences a second (start included) and the highest resident memory of the process
and its readers and workers together. The pipeline tags the sentences of the first articles of the same input, with the batch size that it
does best with, on as many threads as there are cores.
"""

import random
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import psutil
import pyarrow.dataset as ds

from proptag import cli

ROOT = Path(__file__).parent.parent
SWAPPED = 0.03
PEER_SENTENCES = 2000


def main(arguments: Sequence[str]) -> None:
    """Make the copies, score them, and print the table."""
    given = {"copies": "1,10,50"} | cli.plain_settings(arguments, ("model", "input", "output"))
    model, source, output = (given.pop(name) for name in ("model", "input", "output"))
    sizes = [int(size) for size in given.pop("copies").split(",")]
    texts = {path.stem: path.read_text(encoding="utf-8") for path in sorted(Path(source).glob("*.txt"))}
    print("| copies | articles | sentences | seconds | articles a second | sentences a second | peak memory, MB |")
    print("|---:|---:|---:|---:|---:|---:|---:|")
    rate = 0.0
    for size in sizes:
        folder, scores = Path(output, f"input-{size}"), Path(output, f"scores-{size}")
        make_copies(texts, folder, size)
        options = [f"{name}={value}" for name, value in given.items()]
        seconds, memory = run([f"model={model}", f"input={folder}", f"output={scores}", *options])
        articles, sentences = (ds.dataset(scores / table).count_rows() for table in ("articles", "sentences"))
        rate = sentences / seconds
        print(f"| {size} | {articles} | {sentences} | {seconds:.0f} | {articles / seconds:.1f} | {rate:.0f} | {memory:.0f} |", flush=True)
    peer = pipeline_rate(model, ds.dataset(Path(output, f"scores-{sizes[0]}", "sentences")).head(PEER_SENTENCES, columns=["text"]))
    print(f"\ntransformers.pipeline: {peer:.0f} sentences a second; the last row is {rate / peer:.1f} times as fast")


def make_copies(texts: dict[str, str], folder: Path, copies: int) -> None:
    """Write ``copies`` changed versions of every text, those of one copy in a folder of their own; keep what is there."""
    vocabulary = [word for text in texts.values() for word in re.findall(r"[a-z]{3,}", text)]
    for copy in range(copies):
        target = folder / f"copy-{copy:03}"
        target.mkdir(parents=True, exist_ok=True)
        rng = random.Random(copy)  # noqa: S311  (words, not a secret)
        for name, text in texts.items():
            (target / f"{name}.txt").write_text("".join(swap(text, vocabulary, rng)), encoding="utf-8")


def swap(text: str, vocabulary: Sequence[str], rng: random.Random) -> Iterator[str]:
    """Yield the pieces of a text with some words swapped."""
    for piece in re.split(r"([a-z]{3,})", text):
        yield rng.choice(vocabulary) if piece.islower() and rng.random() < SWAPPED else piece


def run(settings: Sequence[str]) -> tuple[float, float]:
    """Score; return the seconds and the highest resident memory, in MB, of all its processes together."""
    process = subprocess.Popen([sys.executable, str(ROOT / "scripts" / "score_folder.py"), *settings])  # noqa: S603
    begun, highest = time.monotonic(), 0
    watched = psutil.Process(process.pid)
    while process.poll() is None:
        with suppress(psutil.Error):  # one has just ended
            highest = max(highest, sum(p.memory_info().rss for p in (watched, *watched.children(recursive=True))))
        time.sleep(0.5)
    if process.returncode:
        raise SystemExit(process.returncode)
    return time.monotonic() - begun, highest / 1e6


def pipeline_rate(model: str, sentences: object) -> float:
    """Return how many sentences a second the stock pipeline tags, at the better of two batch sizes."""
    import torch
    from transformers import pipeline

    torch.set_num_threads(psutil.cpu_count() or 1)
    texts = sentences.to_pydict()["text"]  # type: ignore[attr-defined]
    classify = pipeline("text-classification", model=model, top_k=None)
    rates = []
    for size in (1, 32):
        classify(texts[:32], batch_size=size, truncation=True)
        begun = time.monotonic()
        classify(texts, batch_size=size, truncation=True)
        rates.append(len(texts) / (time.monotonic() - begun))
    return max(rates)


if __name__ == "__main__":
    raise SystemExit(cli.guarded(lambda: main(sys.argv[1:])))
