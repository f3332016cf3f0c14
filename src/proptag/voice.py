"""Which characters of a text stand inside quotation marks, and who is quoted there.

Rules for English news prose: quotation marks are paired paragraph by paragraph, then the words around each quotation are searched for
a verb of saying with its subject. What the rules cannot tell stays ``None``; nothing is guessed from outside the paragraph but pronouns.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from proptag.records import Voice

_LONGEST_SINGLE = 600  # characters between single quotation marks
_CLOSING_SINGLE = re.compile(r"[’'](?![^\W_])")
_CLOSERS = {"“": "”", "«": "»", "„": "“”", "‘": "’", '"': '"', "'": "'"}
_NAME_WORD = r"[A-Z][\w’'\u2024&-]*"
_NAME = re.compile(rf"{_NAME_WORD}(?:\s+(?:(?:of|de|van|von|al|el|bin|da|di|del|la|le|the|for)\s+)*{_NAME_WORD})*")
_SAYS = (
    "said|says|told|tells|adds|added|asked|asks|replied|replies|wrote|writes|warned|warns|insisted|insists|claimed|claims|argued|argues|"
    "declared|declares|announced|stated|states|explained|explains|shouted|cried|answered|continued|recalled|noted|notes|admitted|"
    "promised|vowed|thundered|quipped|sneered|joked|remarked|concluded|conceded|complained|urged|urges|demanded|read|reads|posted|"
    "proclaimed|boasted|mused|sighed|snapped|tweeted|testified|responded|observed|repeated|protested|called|calls|described|chanted|"
    "denied|confirmed|suggested|maintained|objected|countered|pleaded|whispered|muttered|growled|laughed|commented"
)
_SAYING = "saying|adding|telling|claiming|warning|insisting|arguing|declaring|writing|asking|promising|stating|explaining|shouting"
_PRONOUN = re.compile(r"(?:he|she|they|it|we|i|who)\b", re.IGNORECASE)
_ADVERB = r"(?:\s+(?:\w+ly|also|then|later|once|again|has|had|have|simply|only|even|never))*"
_NOT_SUBJECT = re.compile(
    r"^(?:\W*(?:but|and|when|as|while|after|before|however|meanwhile|then|if|because|since|so|yet|that|where|once|later|in|on|at|"
    r"monday|tuesday|wednesday|thursday|friday|saturday|sunday)\b\W*)+",
    re.IGNORECASE,
)
_VERB_FIRST = re.compile(rf"^\W{{0,4}}(?:{_SAYS})\s+(?P<subject>[^\n“”\"«»;:.!?]{{2,120}})")
_SUBJECT_FIRST = re.compile(rf"^\W{{0,4}}(?P<subject>[^\n“”\"«»;:.!?—]{{1,90}}?){_ADVERB}\s+(?:{_SAYS})\b")
_ACCORDING = re.compile(r"^\W{0,4}(?:according to|in the words of)\s+(?P<subject>[^\n“”\"«»;:.!?]{2,120})", re.IGNORECASE)
_BEFORE = re.compile(rf"(?P<subject>[^\n“”\"«»;:.!?]{{1,160}}?){_ADVERB}\s+(?:{_SAYS})\b(?P<rest>[^\n“”\"«»;.!?]{{0,80}})$")
_BEFORE_PARTICIPLE = re.compile(rf"(?P<subject>[^\n“”\"«»;:.!?]{{1,200}}?)[\s,]+(?:by\s+)?(?:{_SAYING})\b[^\n“”\"«»;.!?]{{0,160}}$")
_ABBREVIATION = re.compile(r"\b(Mr|Mrs|Ms|Dr|St|Sen|Rep|Gov|Gen|Col|Capt|Prof|Rev|Jr|Sr|[A-Z])\.(?=\s|[A-Z]\.)")
_HIDDEN_DOT = "\u2024"  # stands for the dot of an abbreviation while a sentence's end is looked for
_NO_NAME = frozenset(
    [
        "The",
        "A",
        "An",
        "I",
        "It",
        "Its",
        "His",
        "Her",
        "Their",
        "One",
        "This",
        "That",
        "These",
        "Those",
        "But",
        "And",
        "Monday",
        "Tuesday",
        "Wednesday",
        "Thursday",
        "Friday",
        "Saturday",
        "Sunday",
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ]
)
_SENTENCE_END = re.compile(r"[.!?…][”\"’']*\s+")
_SUBJECT_STOP = re.compile(r"\s+(?:who|whose|which|when|after|before|as|in|on|at|during|to|from|while|with|last|this|yesterday)\b")


@dataclass(frozen=True, slots=True)
class Quotation:
    """The characters between a pair of quotation marks, and the speaker as the text names them."""

    start: int
    end: int
    speaker: str | None


def find_quotations(text: str) -> tuple[Quotation, ...]:
    """Return the outermost quotations of ``text`` in order; a quotation never crosses a line break."""
    found: list[Quotation] = []
    last_name: str | None = None  # the last speaker with a name, for "she added"; forgotten after a paragraph without quotation
    left_open = False
    offset = 0
    for line in _ABBREVIATION.sub(rf"\1{_HIDDEN_DOT}", text).split("\n"):
        if line.strip():
            pairs, now_open = _pair_marks(line)
            speakers: list[str | None] = []
            for number, (start, end) in enumerate(pairs):
                before = line[pairs[number - 1][1] + 1 if number else 0 : max(start - 1, 0)]
                after = line[end + 1 : pairs[number + 1][0] - 1 if number + 1 < len(pairs) else len(line)]
                speaker = _speaker(before, after, number > 0)
                if speaker is None and _continues(line, start, end, before):
                    speaker = speakers[-1] if speakers else (last_name if left_open else None)
                elif speaker and _PRONOUN.match(speaker):
                    speaker = (_named_just_before(before) or last_name) if re.match(r"(?:he|she)\b", speaker, re.IGNORECASE) else None
                last_name = speaker if speaker and speaker[0].isupper() else last_name
                speakers.append(speaker)
            found += [Quotation(offset + s, offset + e, who) for (s, e), who in zip(pairs, map(_restored, speakers), strict=True)]
            left_open = now_open
            last_name = last_name if pairs else None
        offset += len(line) + 1
    return tuple(found)


def _restored(speaker: str | None) -> str | None:
    return speaker and speaker.replace(_HIDDEN_DOT, ".")


def voice_of(text: str, start: int, end: int, quotations: Sequence[Quotation]) -> tuple[Voice, str | None]:
    """Tell whose voice ``text[start:end]`` is, counting letters and digits only, and who is quoted in most of it.

    ``quotations`` are those of ``find_quotations(text)``. The speaker is None in the author's own voice.
    """
    first = max(bisect_right(quotations, start, key=lambda q: q.start) - 1, 0)
    inside: dict[Quotation, int] = {}
    for quotation in quotations[first:]:
        if quotation.start >= end:
            break
        if letters := _letters(text, max(start, quotation.start), min(end, quotation.end)):
            inside[quotation] = letters
    if not inside:
        return "author", None
    speaker = max(inside, key=lambda q: inside[q]).speaker
    return ("quoted" if sum(inside.values()) == _letters(text, start, end) else "mixed"), speaker


def _letters(text: str, start: int, end: int) -> int:
    return sum(map(str.isalnum, text[start:end]))


def _pair_marks(line: str) -> tuple[list[tuple[int, int]], bool]:
    """Find the stretches between outermost quotation marks; tell if the last one is still open at the end of the line."""
    pairs: list[tuple[int, int]] = []
    opened: tuple[int, str] | None = None
    for at, mark in _marks(line):
        if opened:
            if mark in opened[1] and _closes(line, at):
                pairs.append((opened[0], at))
                opened = None
        elif mark in _CLOSERS and _opens(line, at):
            opened = (at + 1, _CLOSERS[mark])
        elif mark in "”»" and at:  # its opening mark is missing: take the sentence
            floor = pairs[-1][1] + 1 if pairs else 0
            ends = [m.end() for m in _SENTENCE_END.finditer(line, floor, at)]
            pairs.append((ends[-1] if ends else floor, at))
    if opened and line[opened[0] :].strip():  # it goes on in the next paragraph
        pairs.append((opened[0], len(line)))
        return pairs, True
    return pairs, False


def _marks(line: str) -> Iterator[tuple[int, str]]:
    return ((m.start(), m[0]) for m in re.finditer("[“”«»„‘’\"']", line))


def _opens(line: str, at: int) -> bool:
    before, after = line[at - 1] if at else " ", line[at + 1 : at + 2]
    if before.isalnum() or not after or after.isspace() or (line[at] in "\"'" and before in ".,!?"):
        return False
    # A single mark that is not closed soon is an apostrophe.
    if line[at] not in "‘'":
        return True
    closing = _CLOSING_SINGLE.search(line, at + 1, at + _LONGEST_SINGLE + 1)
    return closing is not None and closing.start() < at + _LONGEST_SINGLE


def _closes(line: str, at: int) -> bool:
    return line[at] not in "’'" or not line[at + 1 : at + 2].isalnum()


def _continues(line: str, start: int, end: int, before: str) -> bool:
    """Tell if a quotation without an attribution of its own goes on with the one before: whole words at a sentence's start."""
    at_start = not before.strip() or bool(re.search(r"[.!?]\W*$", before))
    return at_start and len(line[start:end].split()) >= 4


def _named_just_before(before: str) -> str | None:
    """Return the full name that the sentence before a quotation begins with, for "Tomas Ruel called for … ‘…’, he said"."""
    sentence = before[_last_sentence(before.rstrip()) :] if before.strip() else ""
    name = _NAME.match(sentence)
    return name[0] if name and len(name[0].split()) > 1 and name[0].split()[0] not in _NO_NAME else None


def _speaker(before: str, after: str, follows_quotation: bool) -> str | None:
    """Find the subject of the verb of saying that belongs to a quotation between ``before`` and ``after``."""
    before = before[_last_sentence(before) :]
    introduced = bool(re.search(r"[,:]\s*$|\bthat\s*$|\bas\s*$", before))
    if introduced and (found := _subject_before(before, follows_quotation)):
        return found
    after = after[:200]
    for pattern in (_VERB_FIRST, _ACCORDING, _SUBJECT_FIRST):
        if (match := pattern.match(after)) and (subject := _clean(match["subject"], pattern is _SUBJECT_FIRST)):
            return subject
    return _subject_before(before, follows_quotation)


def _last_sentence(text: str) -> int:
    ends = [m.end() for m in _SENTENCE_END.finditer(text)]
    return ends[-1] if ends else 0


def _subject_before(before: str, follows_quotation: bool) -> str | None:
    window = before[-260:]
    if follows_quotation:  # "A," said X, "B": the words between belong to both
        for pattern in (_VERB_FIRST, _ACCORDING):
            if match := pattern.match(window):
                return _clean(match["subject"], near_end=False)
    if match := _BEFORE_PARTICIPLE.search(window):
        return _clean(_NOT_SUBJECT.sub("", match["subject"]), near_end=False)
    if match := _BEFORE.search(window):
        return _clean(match["subject"], near_end=True)
    if match := re.search(r"\b[Aa]ccording to\s+(?P<subject>[^\n“”\"«»;:.!?]{2,120}?),?\s*$", window):
        return _clean(match["subject"], near_end=False)
    return None


def _clean(subject: str, near_end: bool) -> str | None:
    """Cut a clause down to the speaker: a name if there is one, else a short noun phrase such as "the ministry".

    ``near_end`` tells that the verb follows the clause, so that the speaker stands at its end.
    """
    if near_end:
        # "In May, the mayor, Joan Pell," -> the last part that is not an aside; keep the part before it for its noun.
        parts = [p for p in re.split(r",\s*", _NOT_SUBJECT.sub("", subject.strip())) if p.strip()]
        parts = [_NOT_SUBJECT.sub("", p).strip() for p in parts[-2:]][::-1]
    else:
        parts = [p.strip() for p in re.split(r",\s*", subject.strip())][:2]
    parts = [_SUBJECT_STOP.split(p)[0] if not near_end else p for p in parts if p]
    if not parts:
        return None
    for part in parts[: 2 if len(parts[0].split()) <= 8 else 1]:
        if pronoun := _PRONOUN.match(part):
            return pronoun[0]
        names = [m[0] for m in _NAME.finditer(part) if m[0] not in _NO_NAME]
        if names and not (part is not parts[0] and part[:1].islower() and not near_end and len(part.split()) > 6):
            return _possessor_free(part, names, near_end)
    words = parts[0].split()
    return " ".join(words) if 1 <= len(words) <= 6 else None


def _possessor_free(part: str, names: list[str], near_end: bool) -> str:
    """Choose among the names of a phrase: the one next to the verb, and the whole phrase when it names an office, not a person."""
    name = names[-1] if near_end else names[0]
    name = re.sub(r"^(?:The|A|An)\s+", "", name)
    if re.search(rf"\b(?:of|for|from|in)\s+(?:the\s+)?{re.escape(name)}", part) and len(part.split()) <= 8:
        return part  # "a spokesman for Karn Shipping"
    return name.removesuffix("’s").removesuffix("'s")
