"""The measures of the shared tasks: the official scorers' own figures, and small cases computed by hand."""

import itertools
import json
import time
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from conftest import SHARED
from proptag.errors import UserError
from proptag.labels import merge
from proptag.metrics import FragmentMetrics, LabelledSpanMetrics, LineMetrics, ParagraphMetrics, SpanMetrics
from proptag.records import Span

VECTORS = SHARED / "data" / "scorer-vectors"
EXPECTED = json.loads((VECTORS / "expected.json").read_text(encoding="utf-8")) if VECTORS.is_dir() else {}
CLASSES = {"SI": SpanMetrics, "TC": FragmentMetrics, "FLC": LabelledSpanMetrics}


def spans_of(path):
    found = defaultdict(list)
    for line in path.read_text(encoding="utf-8").splitlines():
        article, *technique, start, end = line.split("\t")
        found[article].append(Span(int(start), int(end), technique[0] if technique else "any"))
    return found


@pytest.fixture(scope="module")
def gold():
    folder = SHARED / "data" / "semeval2020"
    if not VECTORS.is_dir():
        pytest.skip("the scorers' figures (../shared/data/scorer-vectors) are not on this machine")
    spans = spans_of(folder / "train-task-flc-tc.labels")
    ids = sorted(path.stem.removeprefix("article") for path in (folder / "train-articles").glob("*.txt"))
    return ids, [spans[i] for i in ids]


@pytest.mark.parametrize("name", EXPECTED or ["absent"])
def test_the_official_scorers_figures_come_out(name, gold):
    ids, wanted = gold
    expected = dict(EXPECTED[name])
    found = spans_of(VECTORS / name)
    figures = CLASSES[expected.pop("task")]().measure([found[i] for i in ids], wanted)
    techniques = expected.pop("f1_by_technique", {})
    for measure, value in expected.items():
        assert figures["summary"][measure] == pytest.approx(value, abs=1e-6)
    key = "scorer_f1" if name.startswith("flc") else "f1"
    assert {t: row[key] for t, row in figures.get("techniques", {}).items()} == pytest.approx(techniques, abs=1e-6)


def test_official_gold_of_si_is_that_of_tc_merged(gold):
    ids, wanted = gold
    official = spans_of(SHARED / "data" / "semeval2020" / "train-task-si.labels")
    for article, spans in zip(ids, wanted, strict=True):
        assert merge((s.start, s.end) for s in official[article]) == merge((s.start, s.end) for s in spans)


def test_intervals_over_a_whole_corpus_take_seconds(gold):
    ids, wanted = gold
    found = spans_of(VECTORS / "si_1.tsv")
    begin = time.perf_counter()
    figures = SpanMetrics().measure([found[i] for i in ids], wanted, samples=1000)
    assert time.perf_counter() - begin < 10
    low, high = figures["intervals"]["f1"]
    assert low < figures["summary"]["f1"] < high
    assert high - low < 0.1


def spans(*rows):
    return [Span(start, end, technique) for start, end, technique in rows]


def test_si_by_hand():
    # Predicted 0:10 (after merging) and 20:24; gold 5:15 and 30:40. They share 5 characters.
    predicted = [spans((0, 6, "Doubt"), (4, 10, "Slogans")), spans((20, 24, "Doubt"))]
    gold = [spans((5, 15, "Repetition")), spans((30, 40, "Doubt"))]
    summary = SpanMetrics().measure(predicted, gold)["summary"]
    assert summary == pytest.approx({"precision": 0.5 / 2, "recall": 0.5 / 2, "f1": 0.25})


def test_flc_by_hand():
    # Doubt: predicted 0:10 and 20:24, gold 5:9. Slogans: gold only. Repetition: predicted only.
    predicted = [spans((0, 10, "Doubt"), (20, 24, "Doubt"), (5, 9, "Repetition"))]
    gold = [spans((5, 9, "Doubt"), (4, 10, "Slogans"))]
    figures = LabelledSpanMetrics().measure(predicted, gold)
    precision, recall = 0.4 / 3, 1 / 2
    assert figures["summary"] == pytest.approx({"precision": precision, "recall": recall, "f1": 2 / (1 / precision + 1 / recall)})
    doubt = figures["techniques"]["Doubt"]
    assert doubt == pytest.approx({"support": 1, "precision": 0.2, "recall": 1, "f1": 1 / 3, "scorer_f1": 2 / (1 / 0.2 + 1 / 0.4)})
    assert figures["techniques"]["Slogans"] == {"support": 1, "precision": None, "recall": 0, "f1": 0, "scorer_f1": 0}
    assert figures["techniques"]["Repetition"] == {"support": 0, "precision": 0, "recall": None, "f1": None, "scorer_f1": None}


def test_no_prediction_has_f1_zero_and_no_gold_has_none():
    none, one = [spans()], [spans((0, 4, "Doubt"))]
    assert SpanMetrics().measure(none, one)["summary"] == {"precision": None, "recall": 0, "f1": 0}
    assert SpanMetrics().measure(one, none, samples=3)["summary"]["f1"] is None
    assert LabelledSpanMetrics().measure(none, none, samples=3)["summary"]["f1"] is None


def test_tc_by_hand():
    # The fragment 0:5 carries two techniques, predicted in the other order: both are right. Of three rows more, one is right.
    gold = [spans((0, 5, "Doubt"), (0, 5, "Slogans"), (8, 9, "Doubt")), spans((0, 5, "Doubt"), (7, 9, "Slogans"))]
    predicted = [spans((0, 5, "Slogans"), (0, 5, "Doubt"), (8, 9, "Slogans")), spans((7, 9, "Doubt"), (0, 5, "Doubt"))]
    figures = FragmentMetrics().measure(predicted, gold)
    assert figures["summary"] == {"micro_f1": 3 / 5}
    assert figures["techniques"]["Doubt"] == pytest.approx({"support": 3, "precision": 2 / 3, "recall": 2 / 3, "f1": 2 / 3})
    assert figures["techniques"]["Slogans"]["f1"] == 1 / 2


def test_tc_refuses_other_fragments():
    with pytest.raises(UserError, match="same fragments"):
        FragmentMetrics().measure([spans((0, 5, "Doubt"))], [spans((0, 5, "Doubt"), (0, 5, "Slogans"))])


def test_slc_by_hand():
    figures = LineMetrics().measure([True, True, False, False], [True, False, True, False], ["a", "a", "b", "b"], samples=20)
    assert figures["summary"] == {"precision": 0.5, "recall": 0.5, "f1": 0.5}
    assert (figures["articles"], figures["lines"], figures["positive"]) == (2, 4, 0.5)
    assert figures["intervals"]["f1"][0] == 0  # both times article b: nothing found


def test_subtask3_by_hand():
    predicted, gold = [["A", "B"], [], ["A"]], [["A"], ["B"], ["A"]]
    figures = ParagraphMetrics().measure(predicted, gold, ["x", "x", "y"], ["A", "B", "C"])
    assert figures["summary"]["micro_f1"] == pytest.approx(2 * 2 / (3 + 3))
    assert figures["summary"]["macro_f1"] == 0.5
    assert figures["summary"]["macro_f1_all"] == pytest.approx(1 / 3)
    assert figures["techniques"]["B"] == {"support": 1, "precision": 0, "recall": 0, "f1": 0}


@given(st.integers(0, 2**32 - 1))
def test_subtask3_agrees_with_scikit_learn(seed):
    labels, generator = ["A", "B", "C", "D"], np.random.default_rng(seed)
    predicted, gold = generator.random((2, 12, 4)) < 0.3
    name = lambda rows: [[label for label, here in zip(labels, row, strict=True) if here] for row in rows]  # noqa: E731
    summary = ParagraphMetrics()._compute(name(predicted), name(gold), ["a"] * 12, labels)["summary"]
    if (predicted | gold).any():
        assert summary["micro_f1"] == pytest.approx(f1_score(gold, predicted, average="micro"))
        assert summary["macro_f1_all"] == pytest.approx(f1_score(gold, predicted, average="macro", zero_division=0))


EXTENTS = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 9)).map(lambda pair: (pair[0], sum(pair))), max_size=12)


@given(EXTENTS)
def test_merged_spans_cover_the_same_characters_and_never_overlap(extents):
    merged = merge(extents)
    cover = lambda found: {i for start, end in found for i in range(start, end)}  # noqa: E731
    assert cover(merged) == cover(extents)
    assert all(end <= start for (_, end), (start, _) in itertools.pairwise(merged))
    assert set(merged) <= {(a, b) for a, _ in extents for _, b in extents}


def test_spans_that_touch_stay_apart():
    assert merge([(3, 5), (0, 3), (4, 6)]) == [(0, 3), (3, 6)]
