"""What the scores of an output folder depend on, noted in its ``manifest.json``; scores of two kinds are not mixed."""

import json
import platform
from dataclasses import asdict, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from proptag import manifest
from proptag.config import ScoreConfig
from proptag.errors import UserError
from proptag.score.tables import SCHEMA_VERSION

_READING = ("trafilatura", "ftfy", "pypdfium2", "python-docx", "charset-normalizer", "py3langid")
"""The packages that the texts of files depend on."""


def with_number_type(config: ScoreConfig) -> ScoreConfig:
    """Settle ``dtype=auto``, so that all workers compute alike: by this machine's hardware, with GPUs of a Ray cluster bfloat16.

    Raises ``UserError`` if a GPU is asked for and none is there.
    """
    from proptag.runtime import choose_device, uses_bfloat16

    if config.engine == "ray" and (config.gpus or config.device == "cuda"):  # the machine that starts the run may have none
        return replace(config, dtype="bfloat16") if config.dtype == "auto" else config
    return replace(config, dtype="bfloat16" if uses_bfloat16(config.dtype, choose_device(config.device)) else "float32")


def describe(config: ScoreConfig) -> dict[str, Any]:
    """Say what the scores depend on; how they are shown may change between two runs. ``UserError`` if there is no such model."""
    python = ".".join(platform.python_version_tuple()[:2])
    return {
        **manifest.describe("predict", config),
        "settings": {"ingest": asdict(config.ingest), "dtype": config.dtype},
        "versions": manifest.versions() | {"python": python} | _versions(_READING),
        "schema": SCHEMA_VERSION,
    }


def compare(output: Path, description: dict[str, Any]) -> None:
    """Raise ``UserError`` if the output folder holds other scores, or files of somebody else; ``dtype=auto`` agrees with any."""
    note = output / manifest.NAME
    if not note.is_file():
        if output.is_dir() and any(not path.name.startswith(".") for path in output.iterdir()):
            raise UserError(f"{output}: holds files, but no {manifest.NAME} of an earlier run; choose another or an empty output folder")
        return
    try:
        old: Any = json.loads(note.read_text(encoding="utf-8"))
    except ValueError:
        old = {}
    old = old if isinstance(old, dict) else {}
    settings = description["settings"]
    if settings["dtype"] == "auto" and isinstance(old.get("settings"), dict):
        description = {**description, "settings": settings | {"dtype": old["settings"].get("dtype")}}
    if differing := [key for key in description if old.get(key) != description[key]]:
        raise UserError(
            f"{output}: holds scores of another model, version of proptag or setting ({', '.join(differing)}); choose another output folder"
        )


def note(output: Path, description: dict[str, Any]) -> None:
    """Write the note unless it is there."""
    if not (output / manifest.NAME).is_file():
        manifest.write_text(output / manifest.NAME, json.dumps(description, indent=2) + "\n")


def _versions(packages: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for name in packages:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
