"""Text to sentence offsets."""

from collections.abc import Callable, Iterator

from sentencex import get_sentence_boundaries

Offsets = tuple[int, int]


def lines(text: str) -> list[Offsets]:
    """One sentence a line, trimmed, blank lines left out: the layout of the PTC corpora."""
    return [trimmed for start, end in _lines(text) if (trimmed := trim(text, start, end))]


def sentences(text: str, language: str = "en") -> list[Offsets]:
    """Sentences within each line, as sentencex finds them; a sentence never crosses a line break."""
    found: list[Offsets] = []
    for start, end in _lines(text):
        for piece in get_sentence_boundaries(language, text[start:end]):
            if new := trim(text, start + piece["start_index"], start + piece["end_index"]):
                found += _keep_opening_quote(text, found, start, new)
    return found


SEGMENTERS: dict[str, Callable[[str], list[Offsets]]] = {"lines": lines, "sentences": sentences}


def trim(text: str, start: int, end: int) -> Offsets | None:
    """Shrink ``start:end`` to leave out white space at both ends; None if nothing else is there."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return (start, end) if start < end else None


def _lines(text: str) -> Iterator[Offsets]:
    start = 0
    for line in text.split("\n"):
        yield start, start + len(line)
        start += len(line) + 1


def _keep_opening_quote(text: str, found: list[Offsets], line: int, new: Offsets) -> list[Offsets]:
    """Move an opening quotation mark that sentencex left at the end of the sentence before to its own sentence."""
    if found and found[-1][0] >= line:
        start, end = found[-1]
        opening = text[end - 1] in "“«„‘" or (text[end - 1] in "\"'" and text[end - 2].isspace())
        if end - start > 1 and opening and (shorter := trim(text, start, end - 1)):
            found[-1] = shorter
            return [(end - 1, new[1])]
    return [new]
