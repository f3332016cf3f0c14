"""A tagged article as JSON, in the documented layout."""

import json
from typing import Any

from proptag.records import Article, TaggedArticle, TaggedSentence, TaggedSpan


def render(tagged: TaggedArticle, article: Article) -> str:
    """Return the article as JSON text; offsets are code points into ``article.text``, end exclusive."""
    return json.dumps(as_dict(tagged, article.text), indent=2, ensure_ascii=False) + "\n"


def as_dict(tagged: TaggedArticle, text: str) -> dict[str, Any]:
    """Return the article as plain values."""
    return {
        "id": tagged.id,
        "source": tagged.source,
        "title": tagged.title,
        "model": tagged.model,
        "sentences": [_sentence(sentence, text) for sentence in tagged.sentences],
        "counts": tagged.counts,
    }


def _sentence(tagged: TaggedSentence, text: str) -> dict[str, Any]:
    sentence = tagged.sentence
    return {
        "index": sentence.index,
        "start": sentence.start,
        "end": sentence.end,
        "text": sentence.text,
        "propaganda": round(tagged.propaganda, 4),
        "voice": tagged.voice,
        "speaker": tagged.speaker,
        "truncated": tagged.truncated,
        "techniques": [{"technique": name, "probability": round(tagged.probabilities[name], 4)} for name in tagged.techniques],
        "spans": [_span(span, text) for span in tagged.spans],
    }


def _span(span: TaggedSpan, text: str) -> dict[str, Any]:
    return {
        "technique": span.technique,
        "start": span.start,
        "end": span.end,
        "text": text[span.start : span.end],
        "probability": round(span.probability, 4),
        "voice": span.voice,
        "speaker": span.speaker,
    }
