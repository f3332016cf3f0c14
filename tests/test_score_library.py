"""Scoring from Python, and the examples of its documentation."""

import re
import subprocess
import sys
from itertools import islice

import pytest

from conftest import ROOT
from proptag import Article, Tagger, score_articles
from proptag.errors import UserError

EXAMPLES = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "library.md").read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture(scope="module")
def tagger(model):
    return Tagger.load(model)


@pytest.mark.parametrize("missing", [None, float("nan"), 5, b"bytes"])
def test_a_missing_text_is_told_with_its_number(tagger, missing):
    with pytest.raises(UserError, match=f"text 2: a text is needed, not {type(missing).__name__}"):
        list(score_articles(["A text.", missing], tagger))


def test_results_come_in_order_and_are_those_of_the_tagger(tagger):
    texts = [f"The vile traitors number {i} must be crushed! Nothing else happened." for i in range(30)]
    found = list(score_articles(texts, tagger))
    assert [a.id for a in found] == [f"text-{i}" for i in range(1, 31)]
    for text, article in zip(texts, found, strict=True):
        assert [s.techniques for s in article.sentences] == [s.techniques for s in tagger.tag(text).sentences]


def test_an_endless_iterable_is_read_as_far_as_needed(tagger):
    taken = 0

    def endless():
        nonlocal taken
        while True:
            taken += 1
            yield Article(f"a{taken}", "One sentence. And another one.")

    assert [a.id for a in islice(score_articles(endless(), tagger), 5)] == ["a1", "a2", "a3", "a4", "a5"]
    assert taken <= 1001


def test_a_missing_model_is_said_at_once(tmp_path):
    with pytest.raises(UserError, match="no such model folder"):
        score_articles([], tmp_path / "none")


def test_an_article_of_any_length_is_tagged_in_pieces(tagger):
    """Only so many sentences go through the network at once; the offsets are right in all of them."""
    text = " ".join(f"Sentence {i} praises the brave army." for i in range(4500))
    article = tagger.tag(text)
    assert len(article.sentences) == 4500
    assert [s.sentence.index for s in article.sentences] == list(range(4500))
    assert all(text[s.sentence.start : s.sentence.end] == s.sentence.text for s in article.sentences)


def test_bfloat16_changes_probabilities_by_little(model, tagger):
    """The number type of fast hardware; it works everywhere, if slowly."""
    fast = Tagger.load(model, "cpu", "bfloat16")
    texts = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "seeds").glob("*.md"))[:2]]
    pairs = [
        (a.probabilities[name], b.probabilities[name])
        for exact, rough in zip(tagger.tag_many(texts), fast.tag_many(texts), strict=True)
        for a, b in zip(exact.sentences, rough.sentences, strict=True)
        for name in a.probabilities
    ]
    differences = [abs(a - b) for a, b in pairs]
    assert 0 < max(differences) < 0.05
    assert sum(differences) / len(differences) < 0.002


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_examples_of_the_documentation_run(model, tmp_path, number):
    (tmp_path / "runs" / "demo").mkdir(parents=True)
    (tmp_path / "runs" / "demo" / "model").symlink_to(model)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    done = subprocess.run([sys.executable, "-c", EXAMPLES[number]], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout
