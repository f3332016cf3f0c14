"""proptag: which propaganda techniques a text uses, where exactly, and in whose voice.

Importing this package loads no torch: the names below load what they need on first use.
"""

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from proptag.predict import Tagger
    from proptag.records import Article, Sentence, Span, TaggedArticle, TaggedSentence, TaggedSpan
    from proptag.score.library import score_articles

__version__ = version("proptag")

_HOMES = {"Tagger": "predict", "score_articles": "score.library"} | dict.fromkeys(
    ("Article", "Sentence", "Span", "TaggedArticle", "TaggedSentence", "TaggedSpan"), "records"
)

__all__ = ["Article", "Sentence", "Span", "TaggedArticle", "TaggedSentence", "TaggedSpan", "Tagger", "__version__", "score_articles"]


def __getattr__(name: str) -> Any:  # noqa: ANN401  (PEP 562: any of the names above)
    if name in _HOMES:
        return getattr(import_module(f"proptag.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'proptag' has no attribute {name!r}")
