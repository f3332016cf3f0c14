from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import ROOT
from proptag import taxonomy
from proptag.corpora.seeds import format_article, parse, read
from proptag.dataset import label_sentences
from proptag.errors import UserError
from proptag.records import Article, Span

HEAD = "---\nid: a\ntitle: T\ngenre: g\ntopic: t\noutlet: o\ndate: 2024-01-02\n---\n\n"
SEEDS = sorted(p for p in (ROOT / "seeds").glob("*.md") if not p.stem.isupper())
NAMES = taxonomy.load().names


def test_parse_reads_nested_spans_and_several_techniques_on_one():
    article = parse(HEAD + "He [is [a fool]{.Name_Calling-Labeling .Loaded_Language}]{.Doubt}. \\[sic\\]\n")
    assert article.text == "He is a fool. [sic]\n"
    assert [(article.text[s.start : s.end], s.technique) for s in article.spans] == [
        ("is a fool", "Doubt"),
        ("a fool", "Name_Calling-Labeling"),
        ("a fool", "Loaded_Language"),
    ]
    assert article.meta == {"genre": "g", "topic": "t", "outlet": "o", "date": "2024-01-02"}


@pytest.mark.parametrize("path", SEEDS, ids=lambda p: p.stem)
def test_every_seed_round_trips_exactly(path):
    text = path.read_text(encoding="utf-8")
    article = parse(text, str(path))
    assert format_article(article) == text
    assert article.id == path.stem


@st.composite
def nested_spans(draw, start, end, depth=0):
    """Spans that nest but do not cross, within start:end."""
    spans, cursor = [], start
    while cursor < end and draw(st.booleans()):
        left = draw(st.integers(cursor, end - 1))
        right = draw(st.integers(left + 1, end))
        spans.append((left, right, draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=2, unique=True))))
        if depth < 2 and right - left > 2:
            spans += draw(nested_spans(left + 1, right, depth + 1))
        cursor = right
    return spans


@st.composite
def articles(draw):
    # Letters everywhere but in the middle, so that any stretch is free of spaces at its ends; brackets and backslashes included.
    text = draw(st.text(st.sampled_from("ab[]\\{}.é😀—“"), min_size=1, max_size=40))
    spans = [Span(s, e, t) for s, e, ts in draw(nested_spans(0, len(text))) for t in ts]
    meta = {
        key: draw(st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1, max_size=12))
        for key in ("genre", "topic", "outlet", "date")
    }
    return Article("id-1", text, "A: title", tuple(spans), "seeds", meta)


@given(articles())
def test_article_to_text_to_article_loses_nothing(article):
    text = format_article(article)
    again = parse(text)
    assert again.text == article.text
    assert sorted(again.spans) == sorted(article.spans)
    assert (again.id, again.title, again.meta) == (article.id, article.title, article.meta)
    assert format_article(again) == text


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("One.\n\nTwo [words]{.Doubtt}.", r"seed:12: unknown technique 'Doubtt' \(did you mean Doubt"),
        ("One [words.\n\nTwo.", r"seed:10: this \[ is never closed"),
        ("One.\n\nTwo words]{.Doubt}.", r"seed:12: this \] closes nothing"),
        ("One [word].", r"seed:10: a \] must be followed by techniques"),
        ("One [word]{Doubt}.", r"seed:10: a \] must be followed by techniques"),
        ("One [ word]{.Doubt}.", "without spaces at its ends"),
        ("One []{.Doubt}.", "without spaces at its ends"),
        ("[One\n\nTwo]{.Doubt}.", "one paragraph"),
        ("[One]{.Doubt .Doubt}.", "stands twice"),
        ("[[One]{.Doubt}]{.Slogans}.", "two brackets around the same words"),
        ("A \\n B", "a backslash stands only before"),
        ("  \n", "no text after the head"),
    ],
)
def test_faulty_bodies_are_refused_with_line_numbers(body, message):
    with pytest.raises(UserError, match=message):
        parse(HEAD + body)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("No head.", "seed:1: no YAML head"),
        ("---\nid: a\n---\n\nText.", "seed:2: the head lacks title, genre"),
        ("---\nid: a\nb: [\n---\n\nText.", r"seed:\d: the head is not valid YAML"),
        ("---\n- a\n---\n\nText.", "lines of the form key: value"),
    ],
)
def test_faulty_heads_are_refused_with_line_numbers(text, message):
    with pytest.raises(UserError, match=message):
        parse(text)


def test_read_refuses_a_repeated_id_an_empty_folder_and_bytes(tmp_path):
    with pytest.raises(UserError, match="no seed articles"):
        list(read(tmp_path))
    (tmp_path / "a.md").write_text(HEAD + "Text.\n", encoding="utf-8")
    (tmp_path / "b.md").write_text(HEAD + "Text.\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"b\.md:2: the id 'a' stands in .*a\.md already"):
        list(read(tmp_path))
    (tmp_path / "b.md").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="not UTF-8"):
        list(read(tmp_path))


def test_crossing_spans_cannot_be_written():
    article = Article("a", "one two three", spans=(Span(0, 7, "Doubt"), Span(4, 13, "Slogans")))
    with pytest.raises(UserError, match="cross"):
        format_article(article)


def test_seeds_hold_enough_of_every_technique_and_of_none():
    articles = list(read(ROOT / "seeds"))
    assert len(articles) >= 40
    spans = Counter(span.technique for article in articles for span in article.spans)
    assert {name: spans[name] for name in NAMES if spans[name] < 8} == {}
    sentences = [label_sentences(article, "sentences") for article in articles]
    assert all(12 <= len(found) <= 60 for found in sentences)
    plain = [not s.techniques for found in sentences for s in found]
    assert 0.45 <= sum(plain) / len(plain) <= 0.6
