import shutil
from collections import Counter

import pytest
from datasets import load_from_disk
from hypothesis import given
from hypothesis import strategies as st

from conftest import ROOT, run_script
from proptag import taxonomy
from proptag.config import BuildDatasetConfig
from proptag.corpora.seeds import read
from proptag.dataset import label_sentences, load, make_dataset, split_articles
from proptag.errors import UserError
from proptag.manifest import hash_path
from proptag.records import Article, Span

NAMES = taxonomy.load().names


def test_a_sentence_is_labelled_by_one_shared_character_that_is_no_space():
    text = "One two. Three four. Five."
    spans = (Span(4, 8, "Doubt"), Span(8, 9, "Slogans"), Span(19, 22, "Repetition"))
    first, second, third = label_sentences(Article("a", text, spans=spans), "sentences")
    assert first.techniques == {"Doubt"}
    assert second.techniques == {"Repetition"}
    assert third.techniques == {"Repetition"}


MERGED = "Appeal_to_Popularity|Guilt_by_Association"


def labelled(*spans, text="One two.\nThree four.", corpus="semeval2020"):
    return label_sentences(Article("a", text, spans=spans, corpus=corpus), "lines")


def test_a_technique_that_the_corpus_did_not_annotate_is_unknown():
    first, _ = labelled(Span(0, 3, "Doubt"))
    assert first.known == taxonomy.load().known_in("semeval2020")
    assert "Appeal_to_Time" not in first.known


def test_a_merged_label_leaves_its_techniques_unknown_and_asks_for_one_of_them():
    first, second = labelled(Span(0, 3, MERGED))
    assert first.any_of == {MERGED}
    assert not first.techniques
    assert first.propaganda is True
    assert not {"Appeal_to_Popularity", "Guilt_by_Association"} & first.known
    assert second.propaganda is False
    assert {"Appeal_to_Popularity", "Guilt_by_Association"} <= second.known


def test_a_merged_label_beside_one_of_its_techniques_asks_for_nothing_more():
    first, _ = labelled(Span(0, 3, MERGED), Span(0, 7, "Guilt_by_Association"))
    assert first.any_of == frozenset()
    assert first.techniques == {"Guilt_by_Association"}
    assert "Appeal_to_Popularity" not in first.known


def test_the_label_of_one_line_is_sure_and_that_of_a_longer_passage_is_not():
    first, second = labelled(Span(0, 8, "Doubt", exact=False), Span(0, 20, "Slogans", exact=False))
    assert first.techniques == {"Doubt"}
    assert first.propaganda is True
    assert second.propaganda is None
    assert "Slogans" not in first.known | second.known


def test_an_article_may_say_itself_what_its_annotators_looked_for():
    article = Article("a", "One two.", corpus="csv", meta={"known": ["Doubt"]})
    (sentence,) = label_sentences(article, "lines")
    assert sentence.known == {"Doubt"}


def test_dataset_keeps_text_labels_and_span_offsets(dataset, seeds):
    articles = {a.id: a for a in read(seeds)}
    seen = Counter()
    for split in load(dataset).values():
        for row in split:
            article = articles[row["article_id"]]
            assert article.text[row["start"] : row["end"]] == row["text"]
            assert {NAMES[t] for s in row["spans"] for t in s["techniques"]} == {NAMES[t] for t in row["techniques"]}
            for span in row["spans"]:
                seen[article.text[row["start"] + span["start"] : row["start"] + span["end"]].strip() != ""] += 1
            assert [NAMES[t] for t in row["known"]] == list(NAMES)
    assert seen[False] == 0
    assert seen[True] >= sum(len(a.spans) for a in articles.values())


def test_dataset_features_name_the_labels(dataset):
    features = load_from_disk(dataset)["train"].features
    assert features["techniques"].feature.names == list(NAMES)
    assert features["spans"].feature["techniques"].feature.names == list(NAMES)


def test_splits_share_no_article_and_keep_the_label_shares():
    splits = make_dataset(read(ROOT / "seeds"), BuildDatasetConfig())
    ids = [set(split["article_id"]) for split in splits.values()]
    assert not ids[0] & ids[1]
    assert not ids[0] & ids[2]
    assert not ids[1] & ids[2]
    totals = {name: sum(map(len, split["techniques"])) for name, split in splits.items()}
    assert totals["test"] / sum(totals.values()) == pytest.approx(0.2, abs=0.06)
    rare = Counter(t for row in splits["test"]["techniques"] for t in row)
    assert len(rare) == len(NAMES)


def test_the_same_input_gives_the_same_bytes(dataset, seeds, tmp_path):
    assert run_script("build_dataset", f"corpus.path={seeds}", f"output={tmp_path / 'again'}").returncode == 0
    assert hash_path(tmp_path / "again") == hash_path(dataset)


def test_the_card_and_the_manifest_agree_with_the_data(dataset):
    card = (dataset / "README.md").read_text(encoding="utf-8")
    splits = load(dataset)
    assert f"| sentences | {' | '.join(str(len(splits[s])) for s in splits)} |" in card
    for name in NAMES:
        counts = [sum(NAMES.index(name) in row for row in splits[split]["techniques"]) for split in splits]
        assert f"| {name} | {' | '.join(map(str, counts))} | {sum(counts)} |" in card


def test_building_again_is_skipped_until_something_changes(seeds, tmp_path):
    copy, output = shutil.copytree(seeds, tmp_path / "seeds"), tmp_path / "out"
    settings = (f"corpus.path={copy}", f"output={output}")
    assert "up to date" not in run_script("build_dataset", *settings).stdout
    assert "up to date" in run_script("build_dataset", *settings).stdout
    (output / "test" / "data-00000-of-00001.arrow").write_bytes(b"damaged")
    assert "up to date" not in run_script("build_dataset", *settings).stdout
    path = next(copy.glob("*.md"))
    path.write_text(path.read_text(encoding="utf-8") + "\nOne more sentence.\n", encoding="utf-8")
    assert "up to date" not in run_script("build_dataset", *settings).stdout
    assert "up to date" in run_script("build_dataset", *settings).stdout


def test_a_faulty_seed_is_named_and_the_old_dataset_stays(seeds, tmp_path):
    copy, output = shutil.copytree(seeds, tmp_path / "seeds"), tmp_path / "out"
    settings = (f"corpus.path={copy}", f"output={output}")
    run_script("build_dataset", *settings)
    before = hash_path(output)
    (copy / "zz.md").write_text("---\nid: z\n---\n\nText", encoding="utf-8")
    done = run_script("build_dataset", *settings)
    assert done.returncode == 1
    assert "zz.md:2: the head lacks title" in done.stderr
    assert "Traceback" not in done.stderr
    assert hash_path(output) == before


@given(
    st.dictionaries(
        st.text("abcdef", min_size=1, max_size=3),
        st.tuples(st.integers(1, 20), st.integers(0, 5)),
        min_size=3,
        max_size=30,
    ),
    st.integers(0, 5),
)
def test_split_gives_every_article_to_one_part(items, seed):
    labels = {a: Counter({"x": min(size, count)}) for a, (size, count) in items.items()}
    sizes = {a: size for a, (size, _) in items.items()}
    parts = split_articles(labels, sizes, (0.6, 0.2, 0.2), seed)
    assert sorted(a for part in parts for a in part) == sorted(items)
    assert parts == split_articles(labels, sizes, (0.6, 0.2, 0.2), seed)


def test_too_few_articles_for_the_splits_is_said():
    with pytest.raises(UserError, match="too few"):
        make_dataset([Article("a", "One. Two.")], BuildDatasetConfig())


def test_a_broken_dataset_is_said(dataset, tmp_path):
    with pytest.raises(UserError, match="no dataset there"):
        load(tmp_path)
    broken = shutil.copytree(dataset, tmp_path / "broken")
    (broken / "train" / "data-00000-of-00001.arrow").write_bytes(b"x")
    with pytest.raises(UserError, match="the dataset is broken"):
        load(broken)
