"""Scoring from Python: any iterable of texts to tagged articles, lazily."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from proptag.predict import Tagger
from proptag.records import Article, TaggedArticle


def score_articles(
    articles: Iterable[str | Article], model: str | Path | Tagger, device: str = "auto", dtype: str = "auto"
) -> Iterator[TaggedArticle]:
    """Tag texts or articles, one result each, in their order, reading ahead only a few thousand sentences.

    ``model`` is a model folder, a hub id in the local cache, or a ``Tagger`` that is loaded already, for which ``device`` and ``dtype``
    do not count. ``dtype`` is as in ``Tagger.load``. Raises ``UserError``, at once, if there is no such model or it is broken.
    """
    tagger = model if isinstance(model, Tagger) else Tagger.load(model, device, dtype)
    return tagger.tag_many(articles)
