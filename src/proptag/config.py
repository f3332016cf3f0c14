"""The settings of every script: one frozen dataclass each, with defaults, ranges and choices.

The YAML files under ``configs/`` hold only what differs from these defaults.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path

from proptag.errors import SettingsError
from proptag.settings import REQUIRED, setting

CORPORA = (
    *("seeds", "semeval2020", "nlp4if2019", "emnlp2019", "semeval2021", "semeval2023"),
    *("jsonl", "table", "label_studio", "prodigy"),
)
"""The readers: published corpora, and the formats of users' own data."""
MIXTURE = "all"
"""Name of several corpora read as one."""


@dataclass(frozen=True)
class CorpusConfig:
    """Which annotated articles to read."""

    name: str = setting("seeds", "reader", choices=(*CORPORA, MIXTURE))
    path: str = setting("seeds", "file or folder of the corpus")
    faults: str = setting("fatal", "what a faulty row does: end the reading, or be left out and counted", choices=("fatal", "skip"))
    segmenter: str = setting("sentences", "how sentences are found", choices=("sentences", "lines", "auto"))
    download: bool = setting(False, "may fetch the corpus from its publisher if it is not there")
    url: str | None = setting(None, "another place of its archive (.tgz)")
    parts: str | None = setting(None, "of name=all: its corpora, separated by spaces, each NAME (then below path) or NAME=PATH")

    @property
    def sources(self) -> dict[str, Path]:
        """Where each corpus lies, by the name of its reader."""
        if self.name != MIXTURE:
            return {self.name: Path(self.path)}
        pairs = (part.partition("=") for part in (self.parts or "").split())
        return {name: Path(path or Path(self.path, name)) for name, _, path in pairs}

    def __post_init__(self) -> None:
        """Refuse a mixture without parts or with an unknown one; raises ``SettingsError``."""
        if self.name == MIXTURE and (not self.sources or set(self.sources) - set(CORPORA)):
            raise SettingsError([f"corpus.parts: needs names out of {', '.join(CORPORA)}, not {self.parts!r}"])


@dataclass(frozen=True)
class BuildDatasetConfig:
    """Settings of ``scripts/build_dataset.py``."""

    corpus: CorpusConfig = field(default_factory=CorpusConfig)
    output: str = setting("data/seeds", "folder for the dataset")
    validation: float = setting(0.2, "share of the sentences for validation", at_least=0.0, below=1.0)
    test: float = setting(0.2, "share of the sentences for the test", at_least=0.0, below=1.0)
    seed: int = setting(13, "seed of the split", at_least=0)
    against: str | None = setting(None, "dataset folder to evaluate on; near-duplicates of it in training or validation are an error")

    @property
    def inputs(self) -> dict[str, Path]:
        """What the step reads, by setting."""
        return corpus_inputs(self.corpus) | ({"against": Path(self.against)} if self.against else {})


def corpus_inputs(corpus: CorpusConfig) -> dict[str, Path]:
    """Return what reading the corpus depends on, by setting."""
    if corpus.name != MIXTURE:
        return {"corpus.path": Path(corpus.path)}
    return {f"corpus.{name}": path for name, path in corpus.sources.items()}


@dataclass(frozen=True)
class EncoderConfig:
    """Where the pre-trained encoder comes from; the places are tried in this order: path, cache, package, hub."""

    name: str = setting("minilm", "name for the model card")
    path: str = setting("sentence-transformers/all-MiniLM-L6-v2", "local folder or hub id")
    package: str | None = setting(None, "installed package that ships the weights, module.folder")
    sha256: str | None = setting(None, "expected SHA-256 of model.safetensors")
    layers: int | None = setting(None, "keep only the first layers; null keeps all", at_least=1)
    max_length: int = setting(256, "longest sentence in tokens; longer ones are cut and counted", at_least=8)
    download: bool = setting(False, "may fetch the encoder from the hub")


@dataclass(frozen=True)
class FitConfig:
    """How the network is trained."""

    epochs: int = setting(10, "most passes over the training split", at_least=1)
    batch_size: int = setting(16, "sentences per step", at_least=1)
    learning_rate: float = setting(1e-4, "of the encoder", at_least=0.0, below=1.0)
    head_factor: float = setting(10.0, "learning rate of the new heads, as a multiple of the encoder's", at_least=0.0)
    warmup: float = setting(0.1, "share of the steps with a rising learning rate", at_least=0.0, below=1.0)
    weight_decay: float = setting(0.01, "", at_least=0.0)
    span_weight: float = setting(0.5, "weight of the token loss beside the sentence loss", at_least=0.0)
    patience: int = setting(3, "epochs without a better validation average precision before stopping", at_least=1)
    dtype: str = setting("auto", "number type of the training", choices=("auto", "float32", "bfloat16"))


@dataclass(frozen=True)
class TrainConfig:
    """Settings of ``scripts/train.py``."""

    dataset: str = setting(REQUIRED, "dataset folder from build_dataset.py")
    output: str = setting(REQUIRED, "folder for the model")
    encoder: EncoderConfig = field(default_factory=EncoderConfig)
    train: FitConfig = field(default_factory=FitConfig)
    seed: int = setting(13, "seed of the heads, the order of sentences and dropout", at_least=0)
    device: str = setting("auto", "where to compute", choices=("auto", "cpu", "cuda"))
    resume: str = setting("auto", "go on from the last checkpoint of the same settings", choices=("auto", "never"))

    @property
    def inputs(self) -> dict[str, Path]:
        """What the step reads, by setting."""
        return {"dataset": Path(self.dataset)}


LABEL_SETS = ("canonical", "semeval2020", "nlp4if2019", "semeval2021", "semeval2023")
TASKS = ("sentences", "si", "tc", "flc", "slc", "subtask3")


@dataclass(frozen=True)
class EvaluateConfig:
    """Settings of ``scripts/evaluate.py``: a model or a submission file, and what it is measured on."""

    output: str = setting(REQUIRED, "folder for metrics.json and metrics.md")
    model: str | None = setting(None, "model folder")
    submission: str | None = setting(None, "file in the task's official format instead of a model")
    task: str = setting("sentences", "what is measured", choices=TASKS)
    dataset: str | None = setting(None, "dataset folder; for the official tasks it only limits the corpus to the articles of a split")
    split: str = setting("test", "which split of the dataset", choices=("train", "validation", "test"))
    labels: str = setting("canonical", "label set of the figures of task=sentences", choices=LABEL_SETS)
    corpus: CorpusConfig = field(default_factory=CorpusConfig)
    gold: str = setting("spans", "gold of task=slc: from the corpus's spans, or its own line labels", choices=("spans", "lines"))
    bootstrap: int = setting(1000, "resamples of the articles for the intervals", at_least=0)
    seed: int = setting(13, "seed of the bootstrap", at_least=0)
    device: str = setting("auto", "where to compute", choices=("auto", "cpu", "cuda"))

    def __post_init__(self) -> None:
        """Refuse settings that do not go together; ``SettingsError`` lists all of them."""
        sentences = self.task == "sentences"
        wrong = {
            "model: needs a value (model folder); task=sentences takes no submission file": sentences and not self.model,
            "submission: only the official tasks take one, not task=sentences": sentences and bool(self.submission),
            "dataset: needs a value (dataset folder)": sentences and not self.dataset,
            "give either model=FOLDER or submission=FILE": not sentences and bool(self.model) == bool(self.submission),
            f"labels: only task=sentences has a choice; task={self.task} uses the corpus's own": not sentences
            and self.labels != "canonical",
            f"corpus: task={self.task} takes the gold of one corpus, not of a mixture": not sentences and self.corpus.name == MIXTURE,
            "gold: lines is for task=slc with corpus=nlp4if2019": self.gold == "lines"
            and (self.task, self.corpus.name) != ("slc", "nlp4if2019"),
        }
        if any(wrong.values()):
            raise SettingsError([problem for problem, here in wrong.items() if here])

    @property
    def inputs(self) -> dict[str, Path]:
        """What the step reads, by setting."""
        given = {"model": self.model, "submission": self.submission, "dataset": self.dataset}
        corpus = {} if self.task == "sentences" else {"corpus.path": self.corpus.path}
        return {name: Path(path) for name, path in (given | corpus).items() if path}


@dataclass(frozen=True)
class CrossValidateConfig:
    """Settings of ``scripts/cross_validate.py``."""

    output: str = setting(REQUIRED, "folder for the folds' datasets, models and figures, and for the table")
    corpus: CorpusConfig = field(default_factory=CorpusConfig)
    score_on: str | None = setting(None, "of a mixture: the corpus whose articles form the folds; null scores on the whole corpus")
    folds: int = setting(5, "parts of the articles, each once the test", at_least=2)
    validation: float = setting(0.15, "share of the other articles that sets thresholds and the epoch", at_least=0.01, below=0.9)
    seeds: str = setting("13", "seeds of the training, separated by spaces; every fold is trained with each")
    tasks: str = setting("sentences", f"what is measured, separated by spaces, out of: {' '.join(TASKS)}")
    encoder: EncoderConfig = field(default_factory=EncoderConfig)
    train: FitConfig = field(default_factory=FitConfig)
    seed: int = setting(13, "seed of the folds and of the bootstrap", at_least=0)
    bootstrap: int = setting(1000, "resamples of the articles for the intervals", at_least=0)
    device: str = setting("auto", "where to compute", choices=("auto", "cpu", "cuda"))

    def __post_init__(self) -> None:
        """Refuse settings that do not go together; ``SettingsError`` lists all of them."""
        wrong = {
            f"tasks: must be out of {' '.join(TASKS)}, not {self.tasks!r}": not self.tasks.split() or set(self.tasks.split()) - set(TASKS),
            f"seeds: needs whole numbers, not {self.seeds!r}": not all(map(str.isdecimal, self.seeds.split())) or not self.seeds.split(),
            f"score_on: must be one of {', '.join(self.corpus.sources)}, not {self.score_on!r}": self.score_on is not None
            and self.score_on not in self.corpus.sources,
            "tasks: a mixture has no official task of its own; give score_on": self.score_on is None
            and self.corpus.name == MIXTURE
            and self.tasks.split() != ["sentences"],
        }
        if any(wrong.values()):
            raise SettingsError([problem for problem, here in wrong.items() if here])

    @property
    def scored(self) -> CorpusConfig:
        """The corpus that the folds and the gold come from."""
        name = self.score_on
        return self.corpus if name is None else replace(self.corpus, name=name, path=str(self.corpus.sources[name]), parts=None)

    @property
    def inputs(self) -> dict[str, Path]:
        """What the step reads, by setting."""
        return corpus_inputs(self.corpus)


@dataclass(frozen=True)
class PredictConfig:
    """Settings of ``scripts/predict.py`` and of the ``proptag`` command."""

    model: str = setting(REQUIRED, "model folder")
    input: str | None = setting(None, "text file, - for standard input, or, for a submission, a folder of article<ID>.txt")
    text: str | None = setting(None, "literal text instead of a file")
    format: str = setting(
        "terminal", "view, data or submission file", choices=("terminal", "json", "html", "semeval2020", "semeval2020-si")
    )
    fragments: str | None = setting(None, "of format=semeval2020: file with rows of given fragments (task TC), whose labels are filled in")
    output: str | None = setting(None, "file to write instead of standard output")
    device: str = setting("auto", "where to compute", choices=("auto", "cpu", "cuda"))

    def __post_init__(self) -> None:
        """Refuse fragments in any other format; raises ``SettingsError``."""
        if self.fragments and self.format != "semeval2020":
            raise SettingsError([f"fragments: only format=semeval2020 fills in their labels, not format={self.format}"])


@dataclass(frozen=True)
class IngestConfig:
    """How article files are read."""

    text_column: str = setting("text", "column or key of the text in CSV, JSON lines and Parquet")
    id_column: str = setting("id", "column or key of the article's own id, kept beside its source")
    languages: str = setting("en", "ISO 639-1 codes of the languages that are scored, between commas; any: all, without looking")
    other_languages: str = setting("skip", "what happens to articles in another language", choices=("skip", "score"))
    max_bytes: int = setting(50_000_000, "largest article that is read: a file or a row of a table, unpacked", at_least=1)

    def __post_init__(self) -> None:
        """Refuse languages that are no codes of two letters."""
        codes = [code.strip() for code in self.languages.split(",")]
        if wrong := [code for code in codes if code != "any" and not (len(code) == 2 and code.isascii() and code.islower())]:
            raise SettingsError([f"ingest.languages: {wrong[0]!r} is no ISO 639-1 code, such as en or en,de; any takes all languages"])


@dataclass(frozen=True)
class ScoreConfig:
    """Settings of ``scripts/score_folder.py``."""

    model: str = setting(REQUIRED, "model folder")
    input: str = setting(REQUIRED, "folder, file or glob, several between commas, or @FILE with one a line")
    output: str = setting(REQUIRED, "folder for the Parquet parts")
    ingest: IngestConfig = field(default_factory=IngestConfig)
    plan: bool = setting(False, "only say what would be done")
    engine: str = setting("local", "what runs it", choices=("local", "ray"))
    workers: int | None = setting(None, "model copies that work at once; null: one for every four cores (engine=ray: one)", at_least=1)
    gpus: float = setting(0.0, "engine=ray: GPUs of each worker; 0.5 puts two on one", at_least=0.0)
    address: str | None = setting(None, "engine=ray: the cluster to join, such as auto; null starts one on this machine")
    device: str = setting("auto", "where to compute", choices=("auto", "cpu", "cuda"))
    dtype: str = setting(
        "auto", "number type of the network; auto: bfloat16 where the hardware has it", choices=("auto", "float32", "bfloat16")
    )
    part_size: int = setting(500, "articles per Parquet part", at_least=1)
    formats: str = setting("parquet", "what is written: parquet, and jsonl or csv beside it, between commas")
    pages: int = setting(20, "articles with the most marks that get a highlighted page", at_least=0)
    readers: int = setting(1, "processes that read files; more for many PDFs", at_least=1)
    read_seconds: float = setting(60.0, "longest time for reading one article", at_least=0.1)
    read_memory: int = setting(2000, "most memory of a reading process, in MB", at_least=200)
    max_failed: float = setting(0.0, "share of the articles that may fail before the exit code is 1", at_least=0.0, at_most=1.0)
    retry_failed: bool = setting(False, "try again what could not be read in an earlier run")
    remove_gone: bool = setting(False, "take out rows even if most files scored before are no longer in the input")

    @property
    def inputs(self) -> dict[str, Path]:
        """What the scores depend on, by setting; the articles are looked at one by one."""
        return {"model": Path(self.model)}


@dataclass(frozen=True)
class CheckSeedsConfig:
    """Settings of ``scripts/check_seeds.py``."""

    path: str = setting("seeds", "folder of seed articles with their classes.yaml")
    first: str = setting("seeds/first", "folder of the articles that were annotated twice, as the first annotator left them")
    second: str = setting("seeds/second", "folder of the same articles, as the second annotator marked them")
    output: str | None = setting(None, "file for the tables instead of standard output")
