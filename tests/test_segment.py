import pytest
from hypothesis import given
from hypothesis import strategies as st

from proptag.segment import SEGMENTERS, lines, sentences

TEXTS = st.text(st.sampled_from("aB .!?\n\t\r“”\"'()éß😀\u2028\ufeff\x0b—1"), max_size=120)


@pytest.mark.parametrize("name", SEGMENTERS)
@given(text=TEXTS)
def test_offsets_are_ordered_disjoint_and_leave_only_white_space_out(name, text):
    cursor = 0
    for start, end in SEGMENTERS[name](text):
        assert cursor <= start < end <= len(text)
        assert not text[cursor:start].strip()
        assert text[start:end] == text[start:end].strip()
        cursor = end
    assert not text[cursor:].strip()


@given(TEXTS)
def test_sentences_never_cross_a_line_break(text):
    assert all("\n" not in text[start:end] for start, end in sentences(text))


def cut(text):
    return [text[start:end] for start, end in sentences(text)]


def test_sentences_keep_abbreviations_and_quotations_together():
    assert cut("Dr. Brenn left. “We won’t. Never!” she cried.") == ["Dr. Brenn left.", "“We won’t. Never!” she cried."]


def test_an_opening_quotation_mark_goes_with_its_own_sentence():
    for text in ("He left. “ Go on.", 'He left. " Go on.', "It is done.“ Go on."):
        assert all(not piece.endswith(("“", ' "')) for piece in cut(text)), cut(text)


def test_lines_are_those_of_the_ptc_corpora():
    text = "Title\n\nOne. Two.\n  \nThree.\n"
    assert [text[s:e] for s, e in lines(text)] == ["Title", "One. Two.", "Three."]


def test_segmenters_hold_on_real_articles(ptc_articles):
    for path in sorted(ptc_articles.glob("*.txt"))[:40]:
        text = path.read_text(encoding="utf-8")
        assert len(lines(text)) == sum(bool(line.strip()) for line in text.split("\n"))
        assert len(sentences(text)) >= len(lines(text))
