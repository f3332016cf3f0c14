"""A tagged article for people and programs: terminal view, HTML page, JSON, submission to a shared task."""

from collections.abc import Callable

from proptag.records import Article, TaggedArticle
from proptag.report import html, json, submission, terminal

FORMATS: dict[str, Callable[[TaggedArticle, Article], str]] = {
    "terminal": terminal.render,
    "json": json.render,
    "html": html.render,
    "semeval2020": submission.render,
    "semeval2020-si": submission.render_si,
}
