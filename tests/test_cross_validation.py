import json
import shutil
from dataclasses import replace

import pytest

from conftest import run_script
from proptag.config import CorpusConfig, CrossValidateConfig
from proptag.cross_validation import folds, summarise, with_common_groups
from proptag.errors import UserError
from proptag.records import Article, Span
from proptag.split import label_articles

FAST = ("encoder=tiny", "train.epochs=1", "train.batch_size=64", "bootstrap=20", "folds=2")


def article(number, text=None):
    words = text or " ".join(f"w{number}x{i}" for i in range(12))
    return Article(f"a{number:02}", f"Shame on them. {words}.", spans=(Span(0, 14, "Doubt"),))


def test_every_article_is_tested_once_and_never_trained_on_beside_its_near_duplicate():
    twin = " ".join(f"same{i}" for i in range(30))
    corpus = label_articles([*(article(i) for i in range(18)), article(18, twin), article(19, twin + " and more")], "sentences")
    found = list(folds(corpus, corpus, CrossValidateConfig(output="x", folds=4, validation=0.2)))
    assert sorted(i for fold in found for i in fold.test) == sorted(corpus.articles)
    for fold in found:
        parts = [set(fold.train), set(fold.validation), set(fold.test)]
        assert all(parts)
        assert sum(map(len, parts)) == 20
        assert set.union(*parts) == set(corpus.articles)
        assert sum({"a18", "a19"} <= part for part in parts) == 1


def test_of_a_mixture_only_the_scored_corpus_is_tested_and_sets_thresholds():
    scored = label_articles([article(i) for i in range(12)], "sentences")
    training = label_articles([article(i) for i in range(20)], "sentences")
    found = list(folds(training, scored, CrossValidateConfig(output="x", folds=3)))
    assert sorted(i for fold in found for i in fold.test) == sorted(scored.articles)
    for fold in found:
        assert set(fold.validation) <= set(scored.articles)
        assert {f"a{i}" for i in range(12, 20)} <= set(fold.train)


def test_too_few_articles_for_the_folds_is_said():
    corpus = label_articles([article(i) for i in range(3)], "sentences")
    with pytest.raises(UserError, match="3 articles are too few for 5 folds"):
        list(folds(corpus, corpus, CrossValidateConfig(output="x", corpus=CorpusConfig())))


def test_an_article_is_held_out_under_another_id_and_in_another_version():
    scored = label_articles([article(i) for i in range(12)], "sentences")
    same = [replace(article(i), id=f"other/{i}") for i in range(12)]
    stranger = replace(article(50), id="a00")  # has the id of a scored article, and nothing else of it
    version = replace(article(3), id="version", text=article(3).text.replace(" ", "\n"))
    training, scored = with_common_groups(label_articles([*same, stranger, version], "sentences"), scored)
    found = list(folds(training, scored, CrossValidateConfig(output="x", folds=3)))
    for fold in found:
        held_out = {f"other/{int(i[1:])}" for i in fold.test} | ({"version"} if "a03" in fold.test else set())
        assert not held_out & {*fold.train, *fold.validation}
        assert "a00" in fold.train
        assert not {scored.groups[i] for i in fold.test} & {training.groups[i] for i in (*fold.train, *fold.validation)}


def test_the_summary_holds_mean_sample_deviation_and_the_interval_of_the_mean():
    def run(fold, f1, support):
        figures = {
            "summary": {"f1": f1},
            "intervals": {"f1": (f1 - 0.1, f1 + 0.1)},
            "techniques": {"Doubt": {"support": support, "f1": f1 if support else None, "average_precision": 0.5}},
        }
        return {"fold": fold, "figures": figures}

    found = summarise([run(1, 0.2, 3), run(2, 0.4, 0), run(3, 0.5, 5), run(4, 0.5, 0)])
    assert found["summary"]["f1"]["mean"] == pytest.approx(0.4)
    assert found["summary"]["f1"]["spread"] == pytest.approx(0.1414, abs=1e-4)
    assert found["summary"]["f1"]["interval"] == pytest.approx([0.35, 0.45])
    assert found["techniques"]["Doubt"]["support"] == 8
    assert found["techniques"]["Doubt"]["f1"]["mean"] == pytest.approx(0.35)


def test_a_task_that_needs_exact_spans_is_refused_before_anything_is_trained(tmp_path):
    path = tmp_path / "in.jsonl"
    rows = [{"id": f"a{i}", "text": f"Shame on them {i}. It rained.\nMore.", "labels": ["Doubt"]} for i in range(12)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    done = run_script("cross_validate", "corpus=jsonl", f"corpus.path={path}", "tasks=si", f"output={tmp_path / 'cv'}", *FAST)
    assert done.returncode == 1
    assert "need exact spans" in done.stderr


def test_cross_validation_goes_on_where_it_stopped_and_ends_with_the_same_figures(seeds, tmp_path):
    command = ("cross_validate", f"corpus.path={seeds}", f"output={tmp_path / 'cv'}", *FAST)
    done = run_script(*command)
    assert done.returncode == 0, done.stderr
    figures = json.loads((tmp_path / "cv" / "metrics.json").read_text(encoding="utf-8"))
    assert [run["fold"] for run in figures["runs"]] == [1, 2]
    assert "any technique, average precision" in done.stdout
    assert figures["tasks"]["sentences"]["summary"]["propaganda_average_precision"]["spread"] is not None
    again = run_script(*command)
    assert "up to date" in again.stdout
    assert "epoch" not in again.stdout
    shutil.rmtree(tmp_path / "cv" / "fold-2")
    (tmp_path / "cv" / "metrics.json").unlink()
    resumed = run_script(*command)
    assert resumed.returncode == 0, resumed.stderr
    assert resumed.stdout.count("best epoch") == 1
    assert json.loads((tmp_path / "cv" / "metrics.json").read_text(encoding="utf-8")) == figures


def test_wrong_settings_of_cross_validation_are_all_named(tmp_path):
    done = run_script("cross_validate", f"output={tmp_path}", "tasks=sentences nonsense", "seeds=one", "score_on=semeval2020", "folds=1")
    assert done.returncode == 2
    for name in ("tasks", "seeds", "score_on", "folds"):
        assert f"{name}:" in done.stderr
    assert "Traceback" not in done.stderr
