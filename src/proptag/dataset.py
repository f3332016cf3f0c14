"""Articles to sentences with labels, split by article, stored as a ``datasets.DatasetDict``."""

import json
import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from proptag import cards, manifest, taxonomy
from proptag.config import BuildDatasetConfig, CorpusConfig
from proptag.corpora import READERS
from proptag.corpora.faults import Faults
from proptag.errors import UserError
from proptag.records import Article, Sentence, Span
from proptag.segment import SEGMENTERS

if TYPE_CHECKING:
    from datasets import DatasetDict, Features

SPLITS = ("train", "validation", "test")


def known_techniques(article: Article) -> frozenset[str]:
    """Return the techniques that the article's annotators looked for: its own list, its corpus's, or all of them."""
    names = taxonomy.load()
    if "known" in article.meta:
        return frozenset(article.meta["known"])
    return names.known_in(article.corpus) if article.corpus in names.corpora else frozenset(names.names)


def label_sentences(article: Article, segmenter: str) -> list[Sentence]:
    """Cut an article into sentences with what its spans say of each.

    A sentence has the techniques whose spans cover a non-space character of it. A merged label says "at least one of these", and the
    label of a passage longer than the sentence says "perhaps"; both leave the techniques in question unknown.
    """
    known = known_techniques(article)
    return [
        _label(article, known, Sentence(article.id, index, start, end, article.text[start:end]))
        for index, (start, end) in enumerate(SEGMENTERS[segmenter](article.text))
    ]


def _label(article: Article, known: frozenset[str], sentence: Sentence) -> Sentence:
    spans = [span for span in article.spans if _inside(span, sentence.start, sentence.end, article.text)]
    sure = [span for span in spans if span.exact or _within(span, sentence, article.text)]
    techniques = frozenset(span.technique for span in sure if len(span.alternatives) == 1)
    merged = frozenset(span.technique for span in sure if len(span.alternatives) > 1)
    any_of = frozenset(label for label in merged if techniques.isdisjoint(label.split("|")))
    unclear = {name for span in spans if span not in sure for name in span.alternatives} | {n for label in merged for n in label.split("|")}
    return replace(
        sentence,
        techniques=techniques,
        known=(known - unclear) | techniques,
        any_of=any_of,
        propaganda=True if sure else None if unclear else False,
    )


def _within(span: Span, sentence: Sentence, text: str) -> bool:
    """Tell whether no word of the span lies outside of the sentence."""
    return not (text[span.start : max(span.start, sentence.start)] + text[min(span.end, sentence.end) : span.end]).strip()


def _inside(span: Span, start: int, end: int, text: str) -> tuple[int, int] | None:
    """Return the part of a span in ``start:end``, counted from ``start``; None if it holds only white space."""
    first, last = max(span.start, start), min(span.end, end)
    return (first - start, last - start) if first < last and text[first:last].strip() else None


def split_articles(labels: Mapping[str, Counter[str]], sizes: Mapping[str, int], shares: Sequence[float], seed: int) -> list[list[str]]:
    """Distribute articles over parts so that every label, and the sentences, come close to the wanted shares.

    ``labels`` counts per article id how many of its sentences have each label; ``sizes`` counts its sentences. The articles with most
    labels are placed first, each where its labels are missed most: iterative stratification (Sechidis, Tsoumakas and Vlahavas, 2011)
    with whole articles as the items. The same seed gives the same parts.
    """
    order = sorted(labels)
    random.Random(seed).shuffle(order)  # noqa: S311  (a split, not a secret)
    order.sort(key=lambda article: -labels[article].total())
    contents = {article: labels[article] + Counter({"": sizes[article]}) for article in order}
    totals = sum(contents.values(), Counter[str]())
    filled = [Counter[str]() for _ in shares]
    parts: list[list[str]] = [[] for _ in shares]

    def lack(part: int, content: Counter[str]) -> float:
        """Return how much of what the article brings the part still wants, each label weighing the same."""
        wanted = ((shares[part] - filled[part][label] / totals[label]) * count / totals[label] for label, count in content.items())
        return sum(wanted) / shares[part]

    for article in order:
        part = max((p for p in range(len(shares)) if shares[p] > 0), key=lambda p: lack(p, contents[article]))
        filled[part].update(contents[article])
        parts[part].append(article)
    return [sorted(part) for part in parts]


def features() -> "Features":
    """Return the columns of the dataset; technique columns carry the taxonomy's names.

    ``any_of`` holds a list of techniques for each merged label: at least one of them is there. A span has several techniques if its
    label was a merged one. ``propaganda`` is null where it is unknown.
    """
    from datasets import ClassLabel, Features, List, Value

    technique = ClassLabel(names=list(taxonomy.load().names))
    return Features(
        {
            "article_id": Value("string"),
            "index": Value("int32"),
            "start": Value("int32"),
            "end": Value("int32"),
            "text": Value("string"),
            "propaganda": Value("bool"),
            "techniques": List(technique),
            "known": List(technique),
            "any_of": List(List(technique)),
            "spans": List({"start": Value("int32"), "end": Value("int32"), "techniques": List(technique)}),
        }
    )


def make_dataset(articles: Iterable[Article], config: BuildDatasetConfig) -> "DatasetDict":
    """Make the splits of labelled sentences; the same articles and settings give the same dataset.

    Raises ``UserError`` if there are too few articles to fill every split.
    """
    from datasets import Dataset, DatasetDict, disable_progress_bars

    disable_progress_bars()
    names = taxonomy.load().names
    number = {name: index for index, name in enumerate(names)}
    by_id = {article.id: article for article in articles}
    sentences = {a.id: label_sentences(a, _segmenter(a, config.corpus)) for a in by_id.values()}
    counts = {i: Counter(t for s in found for t in s.techniques | s.any_of) for i, found in sentences.items()}
    sizes = {i: len(found) for i, found in sentences.items()}
    shares = (1 - config.validation - config.test, config.validation, config.test)
    parts = split_articles(counts, sizes, shares, config.seed)
    if empty := [name for name, part, share in zip(SPLITS, parts, shares, strict=True) if share and not part]:
        raise UserError(f"{config.corpus.path}: {len(by_id)} articles are too few: nothing is left for {', '.join(empty)}")
    columns = features()
    splits = {}
    for split, part in zip(SPLITS, parts, strict=True):
        rows = [_row(s, by_id[i], number) for i in part for s in sentences[i]]
        data = {name: [row[name] for row in rows] for name in columns}
        splits[split] = Dataset.from_dict(data, features=columns, split=split)
    return DatasetDict(splits)


def _segmenter(article: Article, config: CorpusConfig) -> str:
    if config.segmenter != "auto":
        return config.segmenter
    return "lines" if article.corpus in taxonomy.load().corpora else "sentences"


def _row(sentence: Sentence, article: Article, number: Mapping[str, int]) -> dict[str, Any]:
    spans = [(part, s) for s in article.spans if s.exact and (part := _inside(s, sentence.start, sentence.end, article.text))]
    return {
        "article_id": sentence.article_id,
        "index": sentence.index,
        "start": sentence.start,
        "end": sentence.end,
        "text": sentence.text,
        "propaganda": sentence.propaganda,
        "techniques": sorted(number[name] for name in sentence.techniques),
        "known": sorted(number[name] for name in sentence.known),
        "any_of": [sorted(number[name] for name in label.split("|")) for label in sorted(sentence.any_of)],
        "spans": [{"start": start, "end": end, "techniques": [number[t] for t in s.alternatives]} for (start, end), s in spans],
    }


def build(config: BuildDatasetConfig) -> Path:
    """Build and store the dataset with its card and manifest; do nothing if it is there already and nothing changed.

    Raises ``UserError`` for a corpus that is missing or faulty.
    """
    if config.validation + config.test >= 1:
        raise UserError("validation and test together must leave something for training: their sum must be below 1")
    path, output = Path(config.corpus.path), Path(config.output)
    if manifest.is_finished("build_dataset", config):
        return output
    articles = list(READERS[config.corpus.name](path, Faults(config.corpus.faults == "fatal")))
    dataset = make_dataset(articles, config)
    with manifest.whole_folder(output) as folder:
        dataset.save_to_disk(folder)
        for state in folder.rglob("state.json"):
            _drop_fingerprint(state)
        counts = count(dataset)
        (folder / "README.md").write_text(cards.dataset(config.corpus.name, counts), encoding="utf-8")
        files = [p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()]
        manifest.write(folder, manifest.describe("build_dataset", config), files, counts)
    print(f"{output}: " + ", ".join(f"{c['sentences']} {name} sentences" for name, c in counts["splits"].items()))
    if not sum(c["with a technique"] for c in counts["splits"].values()):
        print(f"warning: no sentence of {path} carries a technique, so nothing can be learnt from it")
    return output


def _drop_fingerprint(state: Path) -> None:
    """Replace the random fingerprint that datasets stores, so that the same input gives the same bytes."""
    content = json.loads(state.read_text(encoding="utf-8"))
    content["_fingerprint"] = manifest.hash_path(next(state.parent.glob("*.arrow")))[:16]
    state.write_text(json.dumps(content, indent=2, sort_keys=True), encoding="utf-8")


def load(folder: Path) -> "DatasetDict":
    """Read a dataset folder; ``UserError`` if it is missing, broken, or made for another taxonomy."""
    from datasets import DatasetDict, load_from_disk

    if not (folder / "dataset_dict.json").is_file():
        raise UserError(f"{folder}: no dataset there; make one with scripts/build_dataset.py output={folder}")
    try:
        dataset = load_from_disk(folder)
    except Exception as error:
        raise UserError(f"{folder}: the dataset is broken ({error}); build it again") from error
    if not isinstance(dataset, DatasetDict) or any(part.features != features() for part in dataset.values()):
        raise UserError(f"{folder}: the dataset has other columns or techniques than this version uses; build it again")
    return dataset


def count(dataset: "DatasetDict") -> dict[str, Any]:
    """Count articles, sentences and spans per split, and the sentences with each technique or merged label in each split."""
    names = taxonomy.load().names
    splits: dict[str, dict[str, int]] = {}
    labels: dict[str, Counter[str]] = {}
    for split, part in dataset.items():
        splits[split] = {
            "articles": len(set(part["article_id"])),
            "sentences": len(part),
            "with a technique": sum(value is True for value in part["propaganda"]),
            "spans": sum(map(len, part["spans"])),
        }
        labels[split] = Counter(names[technique] for row in part["techniques"] for technique in row)
        labels[split].update(" or ".join(names[t] for t in label) for row in part["any_of"] for label in row)
    merged = sorted({label for found in labels.values() for label in found} - set(names))
    return {"splits": splits, "techniques": {name: {split: labels[split][name] for split in splits} for name in (*names, *merged)}}
