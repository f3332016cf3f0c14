"""A tagged article as one self-contained HTML page."""

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from proptag import taxonomy
from proptag.records import Article, TaggedArticle, TaggedSentence
from proptag.report.pieces import COLOURS, colour_of, label_of, pieces, sentence_voice, voice_words


def render(tagged: TaggedArticle, article: Article) -> str:
    """Return the page; all text is escaped, and nothing is loaded from elsewhere."""
    return (
        environment()
        .get_template("article.html.j2")
        .render(
            tagged=tagged,
            paragraphs=_paragraphs(tagged, article.text),
            marked=sum(bool(s.techniques) for s in tagged.sentences),
            counts=tagged.counts,
            legend=_legend(tagged),
            colours=COLOURS,
        )
    )


@cache
def environment() -> Environment:
    """Return what the pages are rendered by: escaping is on, and what a template lacks is an error."""
    made = Environment(
        loader=PackageLoader("proptag", "report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "label": label_of,
        "colour": colour_of,
        "group": lambda t: taxonomy.load()[t].group,
        "words": _words,
    }
    made.globals |= {"voice_words": voice_words, "sentence_voice": sentence_voice}
    return made


def _words(name: str) -> str:
    return name.replace("_", " ")


def _paragraphs(tagged: TaggedArticle, text: str) -> list[list[dict[str, Any]]]:
    """Group the sentences by line of the text, each with its text cut at the edges of its spans."""
    paragraphs: list[list[dict[str, Any]]] = []
    last_end = 0
    for sentence in tagged.sentences:
        start, end = sentence.sentence.start, sentence.sentence.end
        if not paragraphs or "\n" in text[last_end:start]:
            paragraphs.append([])
        paragraphs[-1].append({"tagged": sentence, "pieces": _marked(sentence, text)})
        last_end = end
    return paragraphs


def _marked(sentence: TaggedSentence, text: str) -> list[dict[str, Any]]:
    where = sentence.sentence
    return [
        {
            "text": text[start:end],
            "techniques": list(dict.fromkeys(span.technique for span in spans)),
            "hint": "; ".join(
                f"{label_of(span.technique)} {sentence.probabilities[span.technique]:.2f}, {voice_words(span.voice, span.speaker)}"
                for span in spans
            ),
        }
        for start, end, spans in pieces(where.start, where.end, sentence.spans)
    ]


def _legend(tagged: TaggedArticle) -> list[dict[str, Any]]:
    """List the groups that were found, each with its techniques and their definitions."""
    loaded = taxonomy.load()
    found = set(tagged.counts)
    return [
        {
            "name": group,
            "about": about,
            "techniques": [t for t in loaded.techniques if t.group == group and t.name in found],
        }
        for group, about in loaded.groups.items()
        if any(t.group == group and t.name in found for t in loaded.techniques)
    ]
