"""What a step was made from, so that it is skipped when nothing changed; and files that appear whole or not at all."""

import ast
import hashlib
import json
import os
import platform
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from functools import cache, reduce
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, ClassVar, Protocol

from proptag.errors import UserError

NAME = "manifest.json"
_PACKAGES = (
    "proptag",
    "torch",
    "transformers",
    "tokenizers",
    "datasets",
    "evaluate",
    "numpy",
    "scikit-learn",
    "sentencex",
)


def hash_path(path: Path) -> str:
    """Return the SHA-256 of a file, or of a folder's file names and contents; ``UserError`` if it is not there."""
    digest = hashlib.sha256()
    if path.is_file():
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    if not path.is_dir():
        raise UserError(f"{path}: no such file or folder")
    for file_path in sorted(p for p in path.rglob("*") if p.is_file() and p.name != NAME):
        digest.update(f"{file_path.relative_to(path).as_posix()}\0{hash_path(file_path)}\n".encode())
    return digest.hexdigest()


class Step(Protocol):
    """The settings of a step: a dataclass that knows its inputs and its output folder."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def output(self) -> str:
        """The folder that the step writes."""

    @property
    def inputs(self) -> dict[str, Path]:
        """What the step reads, by the dotted name of the setting."""


def describe(step: str, config: Step) -> dict[str, Any]:
    """Say what the result of a step depends on: its settings, the content of its inputs, its code and the versions.

    ``step`` is the module that does it. Where inputs and output lie, or come from, does not matter, and so is left out. Raises
    ``UserError`` for a missing input.
    """
    values = asdict(config)
    for name in ("output", "resume", "corpus.download", "corpus.url", "encoder.download", *config.inputs):
        *groups, key = name.split(".")
        reduce(lambda inner, group: inner.get(group, {}), groups, values).pop(key, None)
    return {
        "step": step,
        "settings": values,
        "inputs": {name: hash_path(path) for name, path in config.inputs.items()},
        "code": code_hash(step),
        "versions": versions(),
    }


def is_finished(step: str, config: Step) -> bool:
    """Tell, and print, whether the step's output is there already and nothing that it depends on has changed."""
    finished = is_current(Path(config.output), describe(step, config))
    if finished:
        print(f"{config.output}: up to date")
    return finished


@cache
def code_hash(module: str) -> str:
    """Hash the code of a module of this package and of all that it imports from here; how reports look does not change a result."""
    root = Path(__file__).parent
    files: set[Path] = set()
    waiting = {root / f"{module}.py", *(root / module).rglob("*.py")}
    while waiting:
        file = waiting.pop()
        if file.is_file() and file not in files and file.parent.name != "report":
            files.add(file)
            waiting |= {
                path for name in _imports(file) for path in (root / f"{name}.py", root / name / "__init__.py", *(root / name).glob("*.py"))
            }
    digests = [hash_path(path) for path in sorted([*files, root / "taxonomy.yaml"])]
    return hashlib.sha256("".join(digests).encode()).hexdigest()


def _imports(file: Path) -> Iterator[str]:
    """Yield the modules of this package that a file imports, as paths below the package."""
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "proptag":
            base = "/".join((node.module or "").split(".")[1:])
            yield from [base] if base else [alias.name for alias in node.names]


@cache
def versions() -> dict[str, str]:
    """Return the versions of Python and of the installed packages that results depend on."""
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def is_current(folder: Path, description: Mapping[str, Any]) -> bool:
    """Tell whether ``folder`` holds the unharmed result of a step with this description."""
    try:
        manifest = json.loads((folder / NAME).read_text(encoding="utf-8"))
        outputs = manifest["outputs"]
        return all(manifest.get(key) == value for key, value in description.items()) and all(
            hash_path(folder / name) == digest for name, digest in outputs.items()
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, UserError):
        return False


def write(folder: Path, description: Mapping[str, Any], outputs: list[str], counts: Mapping[str, Any]) -> None:
    """Write ``folder/manifest.json`` with the description, the hashes of the named files and what was counted."""
    content = {
        **description,
        "counts": dict(counts),
        "outputs": {name: hash_path(folder / name) for name in sorted(outputs)},
    }
    write_text(folder / NAME, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 file whole or not at all."""
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a temporary path to write to, and put the file in its place when the block ends well."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        _flush(temporary)
        temporary.replace(path)
        _flush(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Give an empty temporary folder to fill, and put it in place of ``path`` when the block ends well."""
    temporary, old = (path.with_name(f".{path.name}.{suffix}") for suffix in ("new", "old"))
    path.parent.mkdir(parents=True, exist_ok=True)
    for leftover in (temporary, old):
        shutil.rmtree(leftover, ignore_errors=True)
    temporary.mkdir()
    try:
        yield temporary
        for file in temporary.rglob("*"):
            _flush(file)
        if path.exists():
            path.rename(old)
        temporary.rename(path)
        _flush(path.parent)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
