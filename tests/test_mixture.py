from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import SHARED
from proptag.corpora import READERS, mixture
from proptag.corpora.faults import Faults
from proptag.records import Article, Span
from proptag.sentences import label_sentences

WHATABOUT = "Appeal_to_Hypocrisy|Straw_Man|Red_Herring|Whataboutism"
EARLY = Article("7", "Title\n\nOne two.\nAnd what of them? Four.\n", "Title", corpus="semeval2020")
LATE = replace(
    EARLY, text="Title\n\nOne two. And what of them? Four.", corpus="semeval2023", meta={"known": ["Whataboutism", "Doubt", "Straw_Man"]}
)


def at(article, words, technique, *, exact=True):
    start = article.text.index(words)
    return Span(start, start + len(words), technique, exact)


def joined(early, late, faults=None):
    return mixture.join([replace(EARLY, spans=early), replace(LATE, spans=late)], faults or Faults())


def test_a_merged_label_is_settled_by_the_paragraph_label_of_a_later_version():
    faults = Faults()
    article = joined((at(EARLY, "And what of them?", WHATABOUT),), (at(LATE, LATE.text[7:], "Whataboutism", exact=False),), faults)
    assert article.spans == (at(EARLY, "And what of them?", "Whataboutism"),)
    assert article.text == EARLY.text
    assert faults.repairs == {"merged label settled by a finer version": 1}


def test_a_merged_label_stays_without_a_label_of_its_group_and_is_narrowed_by_two():
    span = at(EARLY, "And what of them?", WHATABOUT)
    assert joined((span,), (at(LATE, LATE.text[7:], "Doubt", exact=False),)).spans == (span,)
    both = tuple(at(LATE, LATE.text[7:], name, exact=False) for name in ("Straw_Man", "Whataboutism"))
    assert joined((span,), both).spans[0].technique == "Straw_Man|Whataboutism"


def test_a_technique_that_only_the_later_version_annotated_is_added_and_its_absence_known():
    late = replace(LATE, corpus="nlp4if2019", meta={}, spans=(at(LATE, "two", "Obfuscation-Vagueness-Confusion"),))
    article = mixture.join([replace(EARLY, spans=(at(EARLY, "Four", "Doubt"),)), late], Faults())
    assert article.spans == (at(EARLY, "two", "Obfuscation-Vagueness-Confusion"), at(EARLY, "Four", "Doubt"))
    _, first, second = label_sentences(article, "lines")
    assert "Obfuscation-Vagueness-Confusion" in first.techniques & second.known
    assert "Obfuscation-Vagueness-Confusion" not in second.techniques
    assert "Appeal_to_Time" not in second.known


def test_a_technique_that_both_annotated_is_taken_from_the_first():
    article = joined((at(EARLY, "Four", "Doubt"),), (at(LATE, "One two.", "Doubt"),))
    assert article.spans == (at(EARLY, "Four", "Doubt"),)


@given(st.text("ab \n", min_size=1, max_size=30), st.data())
def test_spans_move_to_the_same_letters_of_a_text_with_other_white_space(text, data):
    other = "".join(c if not c.isspace() else data.draw(st.sampled_from(["", " ", "\n "])) for c in text)
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    moved = mixture._moved(Article("a", text, spans=(Span(start, end, "Doubt"),)), other)
    letters = "".join(text[start:end].split())
    assert ["".join(other[s.start : s.end].split()) for s in moved] == ([letters] if letters else [])
    assert all(not other[s.start].isspace() and not other[s.end - 1].isspace() for s in moved)


def test_each_article_is_read_once_and_ids_stay_apart(tmp_path):
    def reader(*articles):
        return lambda _path, _faults: iter(articles)

    other = Article("7", "Nothing to do with it.", corpus="seeds")
    second = replace(EARLY, id="79", corpus="nlp4if2019")
    changed = replace(EARLY, text=EARLY.text + "More.", corpus="semeval2023")
    readers = {
        "seeds": reader(other),
        "semeval2020": reader(EARLY),
        "nlp4if2019": reader(replace(EARLY, corpus="nlp4if2019"), second),
        "semeval2023": reader(changed),
    }
    faults = Faults()
    articles = list(mixture.read(dict.fromkeys(readers, tmp_path), readers, faults))
    assert [(a.id, a.corpus) for a in articles] == [("7", "seeds"), ("semeval2020/7", "semeval2020")]
    assert faults.repairs == {
        "second annotation of an article, left out": 1,
        "version of an article with another text, left out": 1,
    }


@pytest.mark.usefixtures("ptc_articles")
def test_the_paragraph_labels_of_2023_settle_the_merged_labels_of_2020():
    data, faults = SHARED / "data", Faults()
    parts = {name: data / name for name in ("semeval2020", "semeval2023")}
    articles = list(mixture.read(parts, READERS, faults))
    assert len(articles) == 371
    single = {article.id: article for article in READERS["semeval2020"](parts["semeval2020"], Faults())}
    settled = Counter()
    for article in articles:
        now = {(s.start, s.end, name): s.technique for s in article.spans for name in s.alternatives}
        for span in single[article.id].spans:
            if "|" in span.technique:
                found = {now[key] for name in span.alternatives if (key := (span.start, span.end, name)) in now}
                settled[len(span.alternatives), all("|" not in technique for technique in found)] += 1
    # The README beside the corpora says that 93 of 107 and 72 of 72 are settled.
    assert settled == {(4, True): 93, (4, False): 14, (2, True): 72}
