"""The seed articles keep their rules, every rule notices a breach, and the measures behind them measure what they say."""

import re
import shutil
from dataclasses import replace

import pytest

from conftest import ROOT, run_script
from proptag import taxonomy
from proptag.config import CheckSeedsConfig
from proptag.corpora import seeds as corpus
from proptag.errors import UserError
from proptag.records import Article, Span
from proptag.seed_check import rules
from proptag.seed_check.agreement import ANY, Pairs, compare
from proptag.seed_check.ngrams import Counts
from proptag.seed_check.shape import shape
from proptag.seed_check.tables import markdown

SEEDS = ROOT / "seeds"
NAMES = taxonomy.load().names


@pytest.fixture(scope="module")
def check():
    return rules.read(CheckSeedsConfig(path=str(SEEDS), first=str(SEEDS / "first"), second=str(SEEDS / "second")))


def with_articles(check, articles):
    return rules.SeedCheck(list(articles), check.classes)


def article(text, *spans, id="a", **meta):  # noqa: A002  (the name of the field)
    """An article whose spans are given as words and technique."""
    found = tuple(Span(text.index(words), text.index(words) + len(words), technique) for words, technique in spans)
    return Article(id, text, spans=found, meta={"topic": "war", "genre": "blog", **meta})


def test_the_seed_articles_keep_every_rule(check):
    assert check.problems() == []


def test_the_tables_hold_every_technique_and_both_annotations(check):
    text = markdown(check)
    assert all(text.count(f"| {name} |") == 2 and f"**{name}**" in text for name in NAMES)
    assert "on 42 articles annotated twice" in text


def test_too_few_articles_sentences_and_spans_are_named(check):
    problems = "\n".join(with_articles(check, check.articles[:30]).problems())
    assert "30 articles, at least 240" in problems
    assert "sentences, at least 5000" in problems
    assert "spans, at least 3500" in problems
    assert "Doubt: " in problems
    assert "topics with 3 articles" in problems


def test_a_rare_technique_is_named_although_the_others_suffice(check):
    cut = [replace(a, spans=tuple(s for s in a.spans if s.technique != "Appeal_to_Pity")) for a in check.articles]
    assert [p for p in with_articles(check, cut).problems() if "needed" in p] == [
        "Appeal_to_Pity: 0 spans in 0 articles, at least 80 in 30 are needed"
    ]


def test_too_few_plain_sentences_are_named(check):
    dense = [replace(a, spans=(*a.spans, Span(0, len(a.text.rstrip()), "Doubt"))) for a in check.articles]
    problems = "\n".join(with_articles(check, dense).problems())
    assert "0.0% of the sentences are without a technique" in problems


def test_a_piece_with_too_many_or_too_few_spans_is_named(check):
    piece = check.propagandistic[0]
    rest = [article for article in check.articles if article is not piece]
    dense, thin = replace(piece, spans=piece.spans * 2), replace(piece, spans=piece.spans[:5])
    rule = "spans; a plain report has at most 3, a propagandistic piece 8 to 20"
    assert f"{piece.id}: {2 * len(piece.spans)} {rule}" in with_articles(check, [dense, *rest]).problems()
    assert f"{piece.id}: 5 {rule}" in with_articles(check, [thin, *rest]).problems()


def test_a_topic_or_genre_without_a_class_is_named(check):
    odd = replace(check.articles[0], meta={**check.articles[0].meta, "genre": "sonnet"})
    problems = with_articles(check, [odd, *check.articles[1:]]).problems()
    assert problems == [f"{odd.id}: the genre has no class; add a word of it to classes.yaml"]


def test_a_span_with_outer_punctuation_is_named(check):
    first = next(a for a in check.articles if re.search(r"\w, ", a.text))
    comma = first.text.index(", ")
    marked = replace(first, spans=(*first.spans, Span(comma - 3, comma + 1, "Doubt")))
    problems = with_articles(check, [marked if a.id == first.id else a for a in check.articles]).problems()
    assert len(problems) == 1
    assert f"{first.id}: a span begins or ends with outer punctuation" in problems[0]


def test_a_near_duplicate_is_named(check):
    copy = replace(check.articles[0], id="a-copy", text=check.articles[0].text + "\nOne more sentence.\n")
    assert any("a-copy" in p and "near-duplicates" in p for p in with_articles(check, [*check.articles, copy]).problems())


def test_a_stock_phrase_is_named_unless_it_is_the_technique_itself(check):
    stock = [
        article(f"Well, number {n} might just as well never have existed.", ("might just as well", "Doubt"), id=f"x{n}") for n in range(9)
    ]
    problems = with_articles(check, [*check.articles, *stock]).problems()
    assert any("Doubt: the phrase 'might just as'" in p for p in problems)
    earned = rules.SeedCheck([*check.articles, *stock], {**check.classes, "phrases": {"Doubt": ["just as", "as well"]}})
    assert not any("'might just as'" in p for p in earned.problems())


def test_ngrams_speak_for_a_technique_only_across_articles():
    plain = [(f"p{n}", f"the {word} was open today", frozenset()) for n, word in enumerate(["door", "shop", "gate"] * 10)]
    across = [(f"a{n}", "only a fool would ask", frozenset({"Doubt"})) for n in range(4)]
    alone = [("b", "a purple lantern, perhaps", frozenset({"Doubt"}))] * 9
    found = Counts([*plain, *across, *alone]).most_predictive("Doubt", 50)
    words = {ngram.words: ngram for ngram in found}
    assert (words["only a fool would"].articles, words["only a fool would"].inside, words["only a fool would"].outside) == (4, 4, 0)
    assert not any("purple" in word for word in words)
    assert all(ngram.z > 0 for ngram in found)


def test_shape_tells_where_the_techniques_stand():
    text = "It rained on Monday. Who knows why? Nobody came!\nThe vile mayor spoke. He sat down.\n"
    found = shape([article(text, ("Who knows why?", "Doubt"), ("vile", "Loaded_Language"))])
    assert found.paragraph == (0, 1, 0)
    assert found.marks == (0.5, 0, 0, pytest.approx(1 / 3))
    assert (found.covered, found.several_spans, found.plain_run) == (0.5, 0, 1)
    assert found.technique_words == pytest.approx(3.5)


def test_agreement_counts_sentences_and_exact_spans():
    text = "A vile plan. It rained. Who knows why?\n"
    first = article(text, ("vile", "Loaded_Language"), ("Who knows why?", "Doubt"))
    second = article(text, ("vile plan", "Loaded_Language"), ("It rained", "Doubt"))
    found = compare([first], [second])
    assert found.sentences == {"Loaded_Language": Pairs(1, 0, 0), "Doubt": Pairs(0, 1, 1), ANY: Pairs(1, 1, 1)}
    assert found.spans["Loaded_Language"] == Pairs(0, 1, 1)
    assert found.micro.f1 == 0.5
    assert compare([first], [first]).exact.f1 == 1


def test_agreement_refuses_other_texts_and_lone_second_annotations():
    with pytest.raises(UserError, match="different texts"):
        compare([article("One.\n")], [article("Two.\n")])
    with pytest.raises(UserError, match="no first annotation"):
        compare([], [article("One.\n")])


def test_the_script_prints_the_tables_and_fails_on_a_broken_rule(tmp_path):
    for path in [*sorted(SEEDS.glob("*-*.md"))[:3], SEEDS / "classes.yaml"]:
        shutil.copy(path, tmp_path)
    done = run_script("check_seeds", f"path={tmp_path}", f"second={tmp_path / 'none'}")
    assert done.returncode == 1
    assert "3 articles, at least 240 are needed" in done.stderr
    assert "There are no second annotations." in done.stdout
    (tmp_path / "classes.yaml").unlink()
    done = run_script("check_seeds", f"path={tmp_path}")
    assert done.returncode == 1
    assert "classes.yaml: no such file" in done.stderr


def test_the_guide_gives_every_technique_its_examples_and_neighbours():
    guide = (SEEDS / "GUIDE.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^### (\S+)\n(.*?)(?=^###? |\Z)", guide.split("## 2. The techniques")[1], re.DOTALL | re.MULTILINE))
    assert set(sections) == set(NAMES)
    for name, section in sections.items():
        parts = [len(re.findall(rf"^- {kind}: .*\[.+\]", section, re.MULTILINE)) for kind in ("mild", "firm", "shrill")]
        assert (parts, section.count("\n- near miss: ")) == ([1, 1, 1], 3), name
        assert "**Span.**" in section, name
        assert "**Neighbours.**" in section, name


def test_the_second_annotations_belong_to_seed_articles():
    first, second = ({a.id: a.text for a in corpus.read(SEEDS / part)} for part in ("first", "second"))
    assert first == second
    assert set(first) <= {path.stem for path in SEEDS.glob("*.md")}
