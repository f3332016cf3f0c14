"""Articles to sentences with labels, split by article, stored as a ``datasets.DatasetDict``."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from proptag import cards, leaks, manifest, taxonomy
from proptag.config import BuildDatasetConfig, CorpusConfig
from proptag.corpora import READERS, download, mixture
from proptag.corpora.faults import Faults
from proptag.errors import UserError
from proptag.records import Article, Sentence
from proptag.sentences import inside
from proptag.split import Labelled, assign, label_articles

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict, Features

SPLITS = ("train", "validation", "test")
Part = tuple[Labelled, Sequence[str]]
"""A corpus, and the ids of those of its articles that stand in a split."""
MOST_NAMED = 20
"""Near-duplicates that an error names at most."""


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
            "group": Value("string"),
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


def read_corpus(config: CorpusConfig) -> tuple[list[Article], Faults]:
    """Read the articles of a corpus or mixture; also return what was repaired or left out.

    Raises ``UserError`` for a corpus that is missing or faulty, or has no article.
    """
    faults = Faults(config.faults == "fatal")
    if config.name == "all":
        articles = list(mixture.read(config.sources, READERS, faults))
    else:
        articles = list(READERS[config.name](Path(config.path), faults))
    if not articles:
        raise UserError(f"{config.path}: no annotated articles there")
    return articles, faults


def make_dataset(articles: Iterable[Article], config: BuildDatasetConfig, tally: Counter[str] | None = None) -> "DatasetDict":
    """Make the splits of labelled sentences; the same articles and settings give the same dataset.

    Near-duplicates share a group, and a group stands in one split. ``tally`` gathers what the leak guard found. Raises ``UserError`` if
    there are too few articles to fill every split.
    """
    corpus = label_articles(articles, config.corpus.segmenter)
    shares = (1 - config.validation - config.test, config.validation, config.test)
    parts = assign(corpus, shares, config.seed)
    if empty := [name for name, part, share in zip(SPLITS, parts, shares, strict=True) if share and not part]:
        raise UserError(f"{config.corpus.path}: {len(corpus.articles)} articles are too few: nothing is left for {', '.join(empty)}")
    tally = Counter[str]() if tally is None else tally
    tally.update(corpus.leak_counts)
    train, validation, test = ((corpus, part) for part in parts)
    return fill(train, validation, test, tally)


def fill(train: Part, validation: Part, test: Part, tally: Counter[str]) -> "DatasetDict":
    """Make the three splits of article ids; a sentence that validation or test holds too is left out of training, and counted."""
    from datasets import Dataset, DatasetDict, disable_progress_bars

    disable_progress_bars()
    number = {name: index for index, name in enumerate(taxonomy.load().names)}
    columns = features()
    evaluated = {leaks.normalised(s.text) for corpus, ids in (validation, test) for i in ids for s in corpus.sentences[i]}
    splits = {}
    for split, (corpus, ids) in zip(SPLITS, (train, validation, test), strict=True):
        sentences = [(i, s) for i in ids for s in corpus.sentences[i]]
        if split == "train":
            kept = [(i, s) for i, s in sentences if leaks.normalised(s.text) not in evaluated]
            tally["left out of training"] += len(sentences) - len(kept)
            sentences = kept
        rows = [_row(s, corpus.articles[i], corpus.groups[i], number) for i, s in sentences]
        data = {name: [row[name] for row in rows] for name in columns}
        splits[split] = Dataset.from_dict(data, features=columns, split=split)
    return DatasetDict(splits)


def _row(sentence: Sentence, article: Article, group: str, number: Mapping[str, int]) -> dict[str, Any]:
    spans = [(part, s) for s in article.spans if s.exact and (part := inside(s, sentence.start, sentence.end, article.text))]
    return {
        "article_id": sentence.article_id,
        "group": group,
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

    Raises ``UserError`` for a corpus that is missing or faulty, or that holds near-duplicates of the evaluation set ``against``.
    """
    if config.validation + config.test >= 1:
        raise UserError("validation and test together must leave something for training: their sum must be below 1")
    path, output = Path(config.corpus.path), Path(config.output)
    download.ensure(config.corpus)
    if manifest.is_finished("dataset", config):
        return output
    articles, faults = read_corpus(config.corpus)
    found = Counter[str]()
    dataset = make_dataset(articles, config, found)
    if config.against:
        refuse_leaks(dataset, Path(config.against))
    counts = store(
        dataset, output, config.corpus.name, manifest.describe("dataset", config), {"leaks": dict(found), "faults": faults.counts()}
    )
    print(f"{output}: " + ", ".join(f"{c['sentences']} {name} sentences" for name, c in counts["splits"].items()))
    for line in faults.report():
        print(line)
    print("leak guard: " + ", ".join(f"{number} {what}" for what, number in found.items()))
    if not sum(c["with a technique"] for c in counts["splits"].values()):
        print(f"warning: no sentence of {path} carries a technique, so nothing can be learnt from it")
    return output


def store(dataset: "DatasetDict", output: Path, corpus: str, description: Mapping[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    """Write the dataset folder with card and manifest, whole or not at all; return what was counted, ``more`` included."""
    with manifest.whole_folder(output) as folder:
        dataset.save_to_disk(folder, num_shards=dict.fromkeys(dataset, 1))  # without the number, an empty split cannot be read back
        for state in folder.rglob("state.json"):
            _drop_fingerprint(state)
        counts: dict[str, Any] = count(dataset) | more
        (folder / "README.md").write_text(cards.dataset(corpus, counts), encoding="utf-8")
        files = [p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()]
        manifest.write(folder, description, files, counts)
    return counts


def refuse_leaks(dataset: "DatasetDict", against: Path) -> None:
    """Raise ``UserError`` if an article of training or validation has a near-duplicate in the dataset folder ``against``.

    The folder's test split is the evaluation set; all of its splits are where that is empty.
    """
    other = load(against)
    evaluated = [other["test"]] if len(other["test"]) else list(other.values())
    ours = [article for split in ("train", "validation") for article in _texts(dataset[split])]
    theirs = [replace(article, id=f"{against}:{article.id}") for part in evaluated for article in _texts(part)]
    names = {article.id for article in ours}
    pairs = [pair for pair in leaks.near_duplicates(ours + theirs) if (pair.first in names) != (pair.second in names)]
    if pairs:
        listed = [f"\n  {pair.first} and {pair.second}: containment {pair.containment:.2f}" for pair in pairs[:MOST_NAMED]]
        more = f"\n  and {len(pairs) - MOST_NAMED} more" if len(pairs) > MOST_NAMED else ""
        raise UserError(
            f"{against}: {len(pairs)} near-duplicates between training or validation and this evaluation set; nothing was built. "
            f"Take these articles out of the corpus:{''.join(listed)}{more}"
        )


def _texts(part: "Dataset") -> Iterator[Article]:
    """Put the articles of a split together from their sentences: the same words in the same order."""
    texts: dict[str, list[str]] = {}
    for name, text in zip(part["article_id"], part["text"], strict=True):
        texts.setdefault(name, []).append(text)
    return (Article(name, " ".join(found)) for name, found in texts.items())


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
