"""What the terminal and the HTML view share: colours, and text cut at the edges of spans."""

from collections.abc import Sequence
from itertools import pairwise

from proptag import taxonomy
from proptag.records import TaggedSentence, TaggedSpan

COLOURS = {
    "Attack_on_Reputation": "#c0392b",
    "Justification": "#2471a3",
    "Distraction": "#b9770e",
    "Simplification": "#7d3c98",
    "Call": "#1e8449",
    "Manipulative_Wording": "#a0306e",
}
"""One colour a group, dark enough for white text on it and for text of it on white."""


def colour_of(technique: str) -> str:
    """Return the colour of a technique's group."""
    return COLOURS[taxonomy.load()[technique].group]


def label_of(technique: str) -> str:
    """Return the technique's name as a person reads it."""
    return taxonomy.load()[technique].label


def pieces(start: int, end: int, spans: Sequence[TaggedSpan]) -> list[tuple[int, int, tuple[TaggedSpan, ...]]]:
    """Cut ``start:end`` wherever a span begins or ends, and tell for each piece which spans cover it."""
    edges = sorted({start, end, *(e for span in spans for e in (span.start, span.end) if start < e < end)})
    return [(left, right, tuple(span for span in spans if span.start < right and span.end > left)) for left, right in pairwise(edges)]


def voice_words(voice: str, speaker: str | None) -> str:
    """Say in words whose voice it is."""
    if voice == "author":
        return "author's own voice"
    who = speaker or "speaker not named"
    return f"quoted: {who}" if voice == "quoted" else f"partly quoted: {who}"


def sentence_voice(sentence: TaggedSentence) -> str:
    """Say in words whose voice a sentence is."""
    return voice_words(sentence.voice, sentence.speaker)
