"""A tagged article for people and programs: terminal view, HTML page, JSON."""

from collections.abc import Callable

from proptag.records import Article, TaggedArticle
from proptag.report import html, json, terminal

FORMATS: dict[str, Callable[[TaggedArticle, Article], str]] = {
    "terminal": terminal.render,
    "json": json.render,
    "html": html.render,
}
