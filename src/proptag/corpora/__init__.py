"""Readers of annotated corpora: each turns a path into articles with spans."""

from collections.abc import Callable, Iterator
from pathlib import Path

from proptag.corpora import jsonl, label_studio, nlp4if2019, prodigy, seeds, semeval2020, semeval2021, semeval2023, table
from proptag.corpora.faults import Faults
from proptag.records import Article

READERS: dict[str, Callable[[Path, Faults], Iterator[Article]]] = {
    "seeds": seeds.read,
    "semeval2020": semeval2020.read,
    "nlp4if2019": nlp4if2019.read,
    "emnlp2019": nlp4if2019.read_emnlp2019,
    "semeval2021": semeval2021.read,
    "semeval2023": semeval2023.read,
    "jsonl": jsonl.read,
    "table": table.read,
    "label_studio": label_studio.read,
    "prodigy": prodigy.read,
}
