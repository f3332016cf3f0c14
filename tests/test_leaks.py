"""Near-duplicates and boilerplate are found, and never stand on both sides of a split."""

import json
import random
import shutil
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import ROOT, run_script
from proptag.config import BuildDatasetConfig
from proptag.corpora.seeds import parse, read
from proptag.dataset import load, make_dataset
from proptag.leaks import Pair, boilerplate, groups, near_duplicates, normalised, shingles
from proptag.records import Article


def invented(seed, words=200):
    """A text of invented words in sentences of ten: no two seeds share a 5-gram."""
    chosen = [f"w{random.Random(f'{seed}-{i}').randrange(10**6)}" for i in range(words)]
    return " ".join(word.capitalize() if i % 10 == 0 else word + "." * (i % 10 == 9) for i, word in enumerate(chosen))


def cut(text, begin, end):
    return " ".join(text.split()[begin:end])


def pairs_of(*texts, exact_up_to=10_000):
    found = near_duplicates([Article(f"a{i}", text) for i, text in enumerate(texts)], exact_up_to)
    return [(pair.first, pair.second) for pair in found]


@pytest.mark.parametrize("exact_up_to", [10_000, 0], ids=["every pair", "MinHash"])
def test_copies_excerpts_and_edited_versions_are_found(exact_up_to):
    base = invented("base", 300)
    edited = base.replace(base.split()[150], "other", 1).upper().replace(".", " !")
    texts = [base, invented("x"), edited, cut(base, 100, 180), invented("y"), base + " " + invented("z", 600)]
    assert pairs_of(*texts, exact_up_to=exact_up_to) == [
        ("a0", "a2"), ("a0", "a3"), ("a0", "a5"), ("a2", "a3"), ("a2", "a5"), ("a3", "a5"),
    ]  # fmt: skip


def test_half_of_the_smaller_text_is_the_limit():
    base = invented("base", 104)  # 100 5-grams
    assert len(shingles(base)) == 100
    for shared, found in ((50, [("a0", "a1")]), (49, [])):
        other = cut(base, 0, shared + 4) + " " + invented("other", 300)
        assert pairs_of(base, other) == found
    assert near_duplicates([Article("b", base), Article("a", other + " " + cut(base, 60, 74))]) == [Pair("a", "b", 0.59)]


def test_short_texts_are_duplicates_only_of_the_same_words():
    long = invented("long")
    assert pairs_of("Build it.", "Burn it.", "Vote!", "", " ", "— —") == []
    assert pairs_of("Build it now", "build it NOW!", "", "😀", "😀") == [("a0", "a1"), ("a3", "a4")]
    assert pairs_of(cut(long, 20, 27), long) == []  # a slogan of seven words that an article quotes
    assert pairs_of(cut(long, 20, 27), cut(long, 21, 28)) == []
    assert pairs_of(cut(long, 20, 27), cut(long, 20, 27)) == [("a0", "a1")]
    assert pairs_of(cut(long, 20, 29), long) == [("a0", "a1")]


@given(st.lists(st.lists(st.sampled_from("abc"), max_size=14).map(" ".join), min_size=2, max_size=8))
def test_the_pairs_are_those_of_the_definition(texts):
    expected = []
    for j, second in enumerate(texts):
        for i, first in enumerate(texts[:j]):
            sets = sorted((shingles(first), shingles(second)), key=len)
            common = len(sets[0] & sets[1])
            if common and common / len(sets[0]) >= 0.5 and (common >= 5 or common == len(sets[1])):
                expected.append((f"a{i}", f"a{j}"))
    assert pairs_of(*texts) == sorted(expected)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)).filter(lambda p: p[0] < p[1]), max_size=12))
def test_groups_are_what_pairs_connect_and_bear_the_smallest_id(links):
    ids = [str(i) for i in range(10)]
    found = groups(ids, [Pair(str(a), str(b), 1.0) for a, b in links])
    assert set(found) == set(ids)
    assert all(found[str(a)] == found[str(b)] for a, b in links)
    for name in ids:
        reached, size = {name}, 0
        while size < len(reached):
            size = len(reached)
            reached |= {str(x) for link in links for x in link if {str(y) for y in link} & reached}
        assert found[name] == min(reached)


def test_boilerplate_recurs_in_several_groups_not_within_one():
    texts = {"a": ["Subscribe now!", "One.", "One."], "b": ["SUBSCRIBE  now", "Two."], "c": ["two", "Three."]}
    assert boilerplate(texts, {"a": "a", "b": "b", "c": "b"}) == {"subscribe now"}
    assert normalised("* * *") == "* * *"


def test_two_thousand_articles_with_one_footer_take_seconds():
    footer = invented("footer", 60)
    articles = [Article(str(i), f"{invented(i, 300)} {footer}") for i in range(2000)]
    start = time.perf_counter()
    assert near_duplicates(articles) == []
    assert time.perf_counter() - start < 20


def test_the_published_corpus_has_seventeen_articles_with_a_near_duplicate(ptc_articles):
    articles = [Article(path.stem, path.read_text(encoding="utf-8")) for path in sorted(ptc_articles.glob("*.txt"))]
    pairs = near_duplicates(articles)
    assert len({name for pair in pairs for name in (pair.first, pair.second)}) == 17
    lines = {a.id: [line for line in a.text.split("\n") if line.strip()] for a in articles}
    recurring = boilerplate(lines, groups(lines, pairs))
    distinct = {normalised(line) for found in lines.values() for line in found}
    assert len(recurring) / len(distinct) == pytest.approx(0.03, abs=0.005)


@pytest.fixture
def duplicated():
    """Forty articles: three versions of each of ten texts, ten others, and a sentence that all of them repeat."""
    texts = {f"{i:02}{v}": invented(i, 200) + " " + invented(f"{i}{v}", 40) for i in range(10) for v in "abc"}
    texts |= {f"{i:02}": invented(i) for i in range(10, 20)}
    return [Article(name, text + "\n\nSign up for our letter.") for name, text in texts.items()]


def test_splits_keep_near_duplicates_together_and_repeated_sentences_out_of_training(duplicated):
    for seed in range(5):
        splits = make_dataset(duplicated, BuildDatasetConfig(seed=seed))
        found = [set(split["group"]) for split in splits.values()]
        assert sum(map(len, found)) == len(set.union(*found)) == 20
        rows = [row for split in splits.values() for row in split]
        assert all(row["group"] == (row["article_id"] if row["article_id"][2:] == "" else row["article_id"][:2] + "a") for row in rows)
        held_out = {normalised(text) for name in ("validation", "test") for text in splits[name]["text"]}
        assert "sign up for our letter" in held_out
        assert not held_out & set(map(normalised, splits["train"]["text"]))


def test_the_card_the_manifest_and_the_command_tell_what_was_found(seeds, tmp_path):
    copy, output = shutil.copytree(seeds, tmp_path / "seeds"), tmp_path / "out"
    for path in sorted(copy.glob("*.md"))[:2]:
        text = path.read_text(encoding="utf-8").replace(f"id: {path.stem}\n", f"id: {path.stem}9\n")
        (copy / f"{path.stem}9.md").write_text(text, encoding="utf-8")
    articles = list(read(copy))
    for article in articles:
        path = copy / f"{article.id}.md"
        path.write_text(path.read_text(encoding="utf-8").rstrip("\n") + "\n\nSign up for our letter.\n", encoding="utf-8")
    done = run_script("build_dataset", f"corpus.path={copy}", f"output={output}")
    assert done.returncode == 0, done.stderr
    splits = load(output)
    training = len({*splits["train"]["article_id"]})
    counts = json.loads((output / "manifest.json").read_text(encoding="utf-8"))["counts"]["leaks"]
    assert counts == {
        "near-duplicate pairs": 2,
        "articles with a near-duplicate": 4,
        "groups of near-duplicates": 2,
        "boilerplate sentences": len(articles),
        "left out of training": training,
    }
    assert f"leak guard: {', '.join(f'{number} {what}' for what, number in counts.items())}" in done.stdout
    card = (output / "README.md").read_text(encoding="utf-8")
    assert all(f"| {what} | {number} |" in card for what, number in counts.items())


def test_a_dataset_with_near_duplicates_of_the_evaluation_set_is_not_built(seeds, dataset, tmp_path):
    # A copy of an article of the evaluation set's test split, under another id and with another ending.
    name = load(dataset)["test"]["article_id"][0]
    source = (seeds / f"{name}.md").read_text(encoding="utf-8").replace(f"id: {name}\n", "id: copied\n")
    assert parse(source).id == "copied"
    others = [p for p in sorted((ROOT / "seeds").glob("*.md")) if not p.stem.isupper() and not (seeds / p.name).exists()][:20]
    corpus, output = tmp_path / "corpus", tmp_path / "out"
    corpus.mkdir()
    for path in others:
        shutil.copy(path, corpus)
    settings = (f"corpus.path={corpus}", f"output={output}", f"against={dataset}", "test=0")
    done = run_script("build_dataset", *settings)
    assert done.returncode == 0, done.stderr
    assert "up to date" in run_script("build_dataset", *settings).stdout

    shutil.rmtree(output)
    (corpus / "copied.md").write_text(source + "\nOne more sentence.\n", encoding="utf-8")
    done = run_script("build_dataset", *settings)
    assert done.returncode == 1
    assert "1 near-duplicates" in done.stderr
    assert "copied" in done.stderr
    assert f"{dataset}:{name}" in done.stderr
    assert "Traceback" not in done.stderr
    assert not output.exists()


def test_a_missing_evaluation_set_is_said(seeds, tmp_path):
    done = run_script("build_dataset", f"corpus.path={seeds}", f"output={tmp_path / 'out'}", f"against={tmp_path / 'none'}")
    assert done.returncode == 1
    assert "none: no such file or folder" in done.stderr
