"""The settings of every script: one frozen dataclass each, with defaults, ranges and choices.

The YAML files under ``configs/`` hold only what differs from these defaults.
"""

import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

from proptag.errors import SettingsError

REQUIRED = "???"
"""OmegaConf's mark for a setting that has no default."""

Config = TypeVar("Config")


def setting(
    default: Any,  # noqa: ANN401
    about: str,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    below: float | None = None,
    choices: tuple[str, ...] = (),
) -> Any:  # noqa: ANN401  (a dataclass field stands in for a value of any type)
    """Declare a setting with its default, one line of help and its limits."""
    limits = {"at_least": at_least, "at_most": at_most, "below": below, "choices": choices}
    return field(default=default, metadata={"about": about, **limits})


@dataclass(frozen=True)
class CorpusConfig:
    """Which annotated articles to read."""

    name: str = setting("seeds", "reader", choices=("seeds",))
    path: str = setting("seeds", "file or folder of the corpus")
    faults: str = setting("fatal", "what a faulty row does: end the reading, or be left out and counted", choices=("fatal", "skip"))
    segmenter: str = setting("sentences", "how sentences are found", choices=("sentences", "lines", "auto"))


@dataclass(frozen=True)
class BuildDatasetConfig:
    """Settings of ``scripts/build_dataset.py``."""

    corpus: CorpusConfig = field(default_factory=CorpusConfig)
    output: str = setting("data/seeds", "folder for the dataset")
    validation: float = setting(0.2, "share of the sentences for validation", at_least=0.0, below=1.0)
    test: float = setting(0.2, "share of the sentences for the test", at_least=0.0, below=1.0)
    seed: int = setting(13, "seed of the split", at_least=0)

    @property
    def inputs(self) -> dict[str, Path]:
        """What the step reads, by setting."""
        return {"corpus.path": Path(self.corpus.path)}


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


@dataclass(frozen=True)
class EvaluateConfig:
    """Settings of ``scripts/evaluate.py``."""

    model: str = setting(REQUIRED, "model folder")
    dataset: str = setting(REQUIRED, "dataset folder")
    output: str = setting(REQUIRED, "folder for metrics.json and metrics.md")
    split: str = setting("test", "which split", choices=("train", "validation", "test"))
    task: str = setting("sentences", "what is measured", choices=("sentences",))
    bootstrap: int = setting(1000, "resamples of the articles for the intervals", at_least=0)
    seed: int = setting(13, "seed of the bootstrap", at_least=0)
    device: str = setting("auto", "where to compute", choices=("auto", "cpu", "cuda"))

    @property
    def inputs(self) -> dict[str, Path]:
        """What the step reads, by setting."""
        return {"model": Path(self.model), "dataset": Path(self.dataset)}


@dataclass(frozen=True)
class PredictConfig:
    """Settings of ``scripts/predict.py`` and of the ``proptag`` command."""

    model: str = setting(REQUIRED, "model folder")
    input: str | None = setting(None, "text file, or - for standard input")
    text: str | None = setting(None, "literal text instead of a file")
    format: str = setting("terminal", "", choices=("terminal", "json", "html"))
    output: str | None = setting(None, "file to write instead of standard output")
    device: str = setting("auto", "where to compute", choices=("auto", "cpu", "cuda"))


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

    @property
    def inputs(self) -> dict[str, Path]:
        """What the scores depend on, by setting; the articles are looked at one by one."""
        return {"model": Path(self.model)}


def build(cls: type[Config], values: Mapping[str, Any]) -> Config:
    """Make a settings dataclass of plain values; ``SettingsError`` lists every problem at once."""
    problems: list[str] = []
    config = _build(cls, values, "", problems)
    if problems:
        raise SettingsError(problems)
    return typing.cast("Config", config)


def leaves(cls: type, prefix: str = "") -> dict[str, Any]:
    """Map the dotted name of every setting below ``cls`` to its dataclass field."""
    found: dict[str, Any] = {}
    for item in fields(cls):
        name = prefix + item.name
        found |= leaves(item.type, f"{name}.") if is_dataclass(item.type) else {name: item}  # type: ignore[arg-type]
    return found


def defaults(cls: type) -> dict[str, Any]:
    """Return the settings with their defaults as plain nested values; ``REQUIRED`` marks those without one."""
    return {
        item.name: defaults(item.type) if is_dataclass(item.type) else item.default  # type: ignore[arg-type]
        for item in fields(cls)
    }


def unknown_setting(cls: type, name: str) -> str:
    """Say that there is no such setting, with the nearest ones that there are."""
    near = get_close_matches(name, leaves(cls), n=2, cutoff=0.6)
    return f"{name}: no such setting" + (f" (did you mean {' or '.join(near)}?)" if near else "")


def usage(cls: type) -> str:
    """List the settings with their defaults, a line each."""
    lines = []
    for name, item in leaves(cls).items():
        default = "required" if item.default == REQUIRED else f"default {item.default}"
        choices = " / ".join(item.metadata["choices"])
        lines.append(f"  {name + '=':24} {'; '.join(filter(None, (item.metadata['about'], choices, default)))}")
    return "\n".join(lines)


def _build(cls: type, values: Mapping[str, Any], prefix: str, problems: list[str]) -> Any:  # noqa: ANN401
    names = {item.name for item in fields(cls)}
    problems += [unknown_setting(cls, key) if not prefix else f"{prefix}{key}: no such setting" for key in values if key not in names]
    made = {}
    for item in fields(cls):
        name = prefix + item.name
        if is_dataclass(item.type):
            made[item.name] = _build(typing.cast("type", item.type), values.get(item.name) or {}, f"{name}.", problems)
            continue
        value = values.get(item.name, item.default)
        if value is MISSING or value == REQUIRED:
            problems.append(f"{name}: needs a value ({item.metadata['about']})")
            continue
        try:
            made[item.name] = _converted(value, item.type)
        except (TypeError, ValueError):
            problems.append(f"{name}: needs {_type_name(item.type)}, not {value!r}")
            continue
        problems += [f"{name}: {problem}" for problem in _limit_problems(made[item.name], item.metadata)]
    return None if problems else cls(**made)


def _converted(value: Any, kind: Any) -> Any:  # noqa: ANN401
    options = typing.get_args(kind) if isinstance(kind, types.UnionType) else (kind,)
    if value is None or value == "null":
        if type(None) in options:
            return None
        raise ValueError
    wanted = options[0]
    if wanted is bool:
        if isinstance(value, bool):
            return value
        return {"true": True, "false": False}.get(str(value).lower()) if str(value).lower() in ("true", "false") else _refuse()
    if isinstance(value, bool) or (wanted is int and isinstance(value, float) and not value.is_integer()):
        raise ValueError
    return wanted(value)


def _refuse() -> typing.NoReturn:
    raise ValueError


def _type_name(kind: Any) -> str:  # noqa: ANN401
    names = {int: "a whole number", float: "a number", bool: "true or false", str: "a text", type(None): "null"}
    options = typing.get_args(kind) if isinstance(kind, types.UnionType) else (kind,)
    return " or ".join(names[option] for option in options)


def _limit_problems(value: Any, limits: Mapping[str, Any]) -> list[str]:  # noqa: ANN401
    problems: list[str] = []
    if value is None:
        return problems
    if limits["choices"] and value not in limits["choices"]:
        near = get_close_matches(str(value), limits["choices"], n=1)
        problems.append(f"must be one of {', '.join(limits['choices'])}, not {value!r}" + (f" (did you mean {near[0]}?)" if near else ""))
    # "not (a >= b)" also refuses nan
    if limits["at_least"] is not None and not value >= limits["at_least"]:
        problems.append(f"must be at least {limits['at_least']:g}, not {value}")
    if limits["at_most"] is not None and not value <= limits["at_most"]:
        problems.append(f"must be at most {limits['at_most']:g}, not {value}")
    if limits["below"] is not None and not value < limits["below"]:
        problems.append(f"must be below {limits['below']:g}, not {value}")
    return problems
