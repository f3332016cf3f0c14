"""What a run would do, found out without doing it and without loading torch."""

import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from proptag import manifest
from proptag.config import ScoreConfig
from proptag.errors import UserError
from proptag.ingest.formats import is_readable
from proptag.score.description import compare, describe
from proptag.score.index import Index
from proptag.score.tables import parts
from proptag.score.units import Names, find_files, split_inputs


@dataclass
class Plan:
    """Counts of files."""

    formats: Counter[str] = field(default_factory=Counter)
    bytes: Counter[str] = field(default_factory=Counter)
    """By format."""
    states: Counter[str] = field(default_factory=Counter)
    to_read: int = 0
    """Bytes of the files that would be read."""
    gone: int = 0
    other: Counter[str] = field(default_factory=Counter)
    """Files of formats that are not read, by suffix."""

    def __str__(self) -> str:
        """Say it as a small table."""
        lines = [f"{'format':16}{'files':>10}{'MB':>12}"]
        lines += [f"{name:16}{count:10}{self.bytes[name] / 1e6:12.1f}" for name, count in sorted(self.formats.items())]
        lines += ["", f"{'new':16}{self.states['new']:10}", f"{'changed':16}{self.states['changed']:10}"]
        lines += [f"{'scored already':16}{self.states['scored']:10}", f"{'gone':16}{self.gone:10}  their rows would be taken out"]
        if self.states["retried"]:
            lines.append(f"{'tried again':16}{self.states['retried']:10}")
        if self.states["unreadable"]:
            lines.append(f"{'unreadable':16}{self.states['unreadable']:10}")
        reading = sum(self.states[state] for state in ("new", "changed", "retried"))
        lines += ["", f"would read {reading} files, {self.to_read / 1e6:.1f} MB; nothing was done"]
        if self.other:
            listed = ", ".join(f"{name or 'no suffix'} {count}" for name, count in self.other.most_common(8))
            lines.append(f"passes over {self.other.total()} files of formats that are not read: {listed}")
        return "\n".join(lines)


def plan(config: ScoreConfig) -> Plan:
    """Compare the input with what is scored; ``UserError`` if there is nothing to read, or the output folder holds other scores."""
    output = Path(config.output)
    compare(output, describe(config))
    latest = {part.number: part for part in parts(output)}
    index = Index(latest.values())
    names, found = Names(split_inputs(config.input)), Plan()
    for path in find_files(config):
        name = names(path)
        try:
            size, version = path.stat().st_size, manifest.hash_path(path)
        except (OSError, UserError):
            found.states["unreadable"] += 1
            continue
        if config.retry_failed and index.has_failed(name, version):
            state = "retried"
        else:
            state = "scored" if version in index.complete_versions(name) else "changed" if index.knows(name) else "new"
        index.add_current([(name, version, 0)])
        suffix = "".join(path.suffixes[-2:]) if path.suffix in (".gz", ".zst") else path.suffix
        found.formats[suffix.lower()] += 1
        found.bytes[suffix.lower()] += size
        found.states[state] += 1
        found.to_read += size if state != "scored" else 0
    found.gone = index.gone()
    found.other = _other(split_inputs(config.input), output)
    return found


def _other(inputs: list[str], output: Path) -> Counter[str]:
    """Count the files below the input folders that are of no format that is read."""
    found, outside = Counter[str](), output.resolve()
    for folder in filter(os.path.isdir, inputs):
        for root, folders, files in os.walk(folder):
            folders[:] = [name for name in folders if not name.startswith(".") and Path(root, name).resolve() != outside]
            suffixes = (Path(name) for name in files if not name.startswith("."))
            found.update(path.suffix.lower() for path in suffixes if not is_readable(path))
    return found
