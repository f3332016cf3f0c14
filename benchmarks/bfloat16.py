"""How far bfloat16 moves the probabilities, and how much faster it is.

``python benchmarks/bfloat16.py model=FOLDER input=FOLDER [articles=100]`` tags the same articles with both number types; the table gives
sentences a second on one thread and the differences of calibrated probabilities.
"""

import sys
import time
from itertools import islice

import numpy as np
import torch

from proptag import cli, ingest
from proptag.config import IngestConfig
from proptag.predict import Tagger
from proptag.records import Article, TaggedArticle


def main(arguments: list[str]) -> None:
    """Measure and print."""
    values = {"articles": "100"} | cli.plain_settings(arguments, ("model", "input"))
    torch.set_num_threads(1)
    items = (item for path in ingest.find([values["input"]]) for item in ingest.read_all(path, IngestConfig(languages="any")))
    articles = list(islice((item for item in items if isinstance(item, Article)), int(values["articles"])))
    found: dict[str, list[TaggedArticle]] = {}
    rates = {}
    for dtype in ("float32", "bfloat16"):
        tagger = Tagger.load(values["model"], "cpu", dtype)
        list(tagger.tag_many(articles[:1]))
        begun = time.monotonic()
        found[dtype] = list(tagger.tag_many(articles))
        rates[dtype] = sum(len(a.sentences) for a in found[dtype]) / (time.monotonic() - begun)
    exact, rough = ([s for a in found[dtype] for s in a.sentences] for dtype in found)
    p, q = (np.array([[s.propaganda, *s.probabilities.values()] for s in sentences]) for sentences in (exact, rough))
    decided = [set(a.techniques) ^ set(b.techniques) for a, b in zip(exact, rough, strict=True)]
    changed, all_decisions = sum(map(len, decided)), len(exact) * len(exact[0].probabilities)
    tags = sum(len(s.techniques) for s in exact)
    print(f"| sentences, articles | {len(exact)}, {len(articles)} |")
    print(f"| sentences a second, float32 and bfloat16 | {rates['float32']:.0f}, {rates['bfloat16']:.0f} |")
    print(f"| largest and mean difference of a probability | {abs(p - q).max():.4f}, {abs(p - q).mean():.6f} |")
    print(f"| decisions that change | {changed} of {all_decisions} ({changed / all_decisions:.5%}); there are {tags} tags |")


if __name__ == "__main__":
    raise SystemExit(cli.guarded(lambda: main(sys.argv[1:])))
