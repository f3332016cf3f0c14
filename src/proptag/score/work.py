"""Tagging a unit and writing its part: the one function that every engine runs."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from proptag.config import ScoreConfig
from proptag.records import Article
from proptag.score.tables import Part, Row, scored_tables, table_of
from proptag.score.units import Unit

if TYPE_CHECKING:
    from proptag.predict import Tagger


@dataclass(frozen=True)
class Done:
    """What came of a unit: what the end of the run and the display of progress need to know."""

    articles: int
    sentences: int
    problems: int
    weight: int
    skipped: int
    duplicates: list[Row] = field(default_factory=list)
    current: list[tuple[str, str, int]] = field(default_factory=list)


class Worker:
    """Does units; holds the model, from the first article on."""

    def __init__(self, config: ScoreConfig) -> None:
        self._config = config
        self._tagger: Tagger | None = None

    def __call__(self, unit: Unit) -> Done:
        """Score the articles of a unit and write its part."""
        if unit.articles and self._tagger is None:
            from proptag.predict import Tagger

            self._tagger = Tagger.load(self._config.model, self._config.device, self._config.dtype)
        return _work(unit, self._tagger, Path(self._config.output))


def _work(unit: Unit, tagger: "Tagger | None", output: Path) -> Done:
    articles = [Article(row["id"], row["text"], row["title"], meta={"source": row["source"]}) for row in unit.articles]
    tagged = list(tagger.tag_many(articles)) if tagger else []
    if unit.makes_part:
        tables = scored_tables(tagged, unit.articles)
        tables |= {"errors": table_of("errors", unit.problems), "files": table_of("files", unit.files)}
        Part(output, unit.number).write(tables)
    sentences = sum(len(article.sentences) for article in tagged)
    return Done(len(tagged), sentences, len(unit.problems), unit.weight, unit.skipped, unit.duplicates, unit.current)
