"""The techniques: groups, definitions, and every corpus's names for them (``taxonomy.yaml``)."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from proptag.errors import UserError
from proptag.records import Article

PATH = Path(__file__).with_name("taxonomy.yaml")
PROPAGANDA = "propaganda"
"""Name of the model's own output for "uses any technique"; not a technique."""


@dataclass(frozen=True, slots=True)
class Technique:
    """One persuasion technique."""

    name: str
    group: str
    definition: str
    example: str
    """A sentence of our own wording; the square brackets enclose the span."""
    names: Mapping[str, str]
    """Its label in each corpus that annotated it; no entry means not annotated there."""

    @property
    def label(self) -> str:
        """The name as a person reads it."""
        return self.name.replace("-", " / ").replace("_", " ")


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """All techniques in their fixed order, with the groups and corpora that they refer to."""

    version: int
    groups: Mapping[str, str]
    corpora: Mapping[str, str]
    techniques: tuple[Technique, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The canonical technique names, in order."""
        return tuple(t.name for t in self.techniques)

    def __getitem__(self, name: str) -> Technique:
        """Return the technique of that canonical name; ``UserError`` with near names if there is none."""
        for technique in self.techniques:
            if technique.name == name:
                return technique
        near = get_close_matches(name, self.names, n=2, cutoff=0.5)
        raise UserError(f"unknown technique {name!r}" + (f" (did you mean {' or '.join(near)}?)" if near else ""))

    def labels_of(self, corpus: str) -> dict[str, tuple[str, ...]]:
        """Map each label of ``corpus`` to the techniques it may mean: several if the corpus merged them.

        Raises ``UserError`` for a corpus that the taxonomy does not list.
        """
        if corpus not in self.corpora:
            raise UserError(f"the taxonomy lists no corpus {corpus!r}; it lists {', '.join(self.corpora)}")
        labels: dict[str, tuple[str, ...]] = {}
        for technique in self.techniques:
            if corpus in technique.names:
                label = technique.names[corpus]
                labels[label] = (*labels.get(label, ()), technique.name)
        return labels

    def canonical(self, corpus: str) -> dict[str, str]:
        """Map each label of ``corpus`` to its canonical name, or to several joined by ``|`` if the corpus merged them."""
        return {label: "|".join(names) for label, names in self.labels_of(corpus).items()}

    @property
    def merged(self) -> tuple[str, ...]:
        """Every merged label of any corpus as canonical names joined by ``|``, each once."""
        names = (name for corpus in self.corpora for name in self.canonical(corpus).values())
        return tuple(sorted({name for name in names if "|" in name}))

    def known_in(self, corpus: str) -> frozenset[str]:
        """Return the techniques that ``corpus`` annotated, alone or merged with others."""
        return frozenset(name for group in self.labels_of(corpus).values() for name in group)


def parse(data: Any, source: str = "taxonomy") -> Taxonomy:  # noqa: ANN401  (whatever YAML holds)
    """Build a taxonomy from parsed YAML; ``UserError`` lists everything that is wrong with it at once."""
    if not isinstance(data, Mapping) or {"version", "groups", "corpora", "techniques"} - set(data):
        raise UserError(f"{source}: needs the keys version, groups, corpora and techniques")
    problems: list[str] = []
    techniques = []
    for number, entry in enumerate(data["techniques"], 1):
        found = _problems(entry, data)
        problems += [f"technique {number} ({_name(entry)}): {problem}" for problem in found]
        if not found:
            techniques.append(Technique(**entry))
    repeated = [name for name, count in Counter(map(_name, data["techniques"])).items() if count > 1]
    problems += [f"{name} stands twice" for name in repeated]
    empty = set(data["groups"]) - {t.group for t in techniques}
    problems += [f"the group {group} has no technique" for group in sorted(empty)]
    if problems:
        raise UserError(f"{source}: " + "; ".join(problems))
    return Taxonomy(data["version"], data["groups"], data["corpora"], tuple(techniques))


def _name(entry: Any) -> str:  # noqa: ANN401
    return str(entry.get("name")) if isinstance(entry, Mapping) else repr(entry)


def _problems(entry: Any, data: Mapping[str, Any]) -> list[str]:  # noqa: ANN401
    fields = set(Technique.__dataclass_fields__)
    if not isinstance(entry, Mapping) or set(entry) != fields:
        return [f"needs exactly the keys {', '.join(sorted(fields))}"]
    problems = [f"{key} is empty" for key in ("name", "definition", "example") if not str(entry[key] or "").strip()]
    if entry["group"] not in data["groups"]:
        problems.append(f"unknown group {entry['group']!r}")
    if str(entry["example"]).count("[") < 1 or str(entry["example"]).count("[") != str(entry["example"]).count("]"):
        problems.append("the example marks no span with [ and ]")
    problems += [f"names an unknown corpus {corpus!r}" for corpus in entry["names"] if corpus not in data["corpora"]]
    return problems


@cache
def load() -> Taxonomy:
    """Return the taxonomy that ships with the package, validated."""
    return parse(yaml.safe_load(PATH.read_text(encoding="utf-8")), PATH.name)


def known_techniques(article: Article) -> frozenset[str]:
    """Return the techniques that the article's annotators looked for: its own list, its corpus's, or all of them."""
    names = load()
    if "known" in article.meta:
        return frozenset(article.meta["known"])
    return names.known_in(article.corpus) if article.corpus in names.corpora else frozenset(names.names)
