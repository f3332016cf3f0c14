import json
import os
import signal
import subprocess
import sys
import time

import pyarrow.dataset as ds
import pytest

from conftest import ROOT, run_script
from proptag.config import ScoreConfig
from proptag.corpora.seeds import read
from proptag.errors import UserError
from proptag.predict import Tagger
from proptag.score import score

TABLES = ("articles", "sentences", "spans")


@pytest.fixture
def folder(tmp_path):
    """A folder with twelve articles, one of them below a sub-folder."""
    path = tmp_path / "in"
    (path / "sub").mkdir(parents=True)
    for i, article in enumerate(list(read(ROOT / "seeds"))[:12]):
        (path / ("sub" if i == 3 else ".") / f"{article.id}.txt").write_text(article.text, encoding="utf-8")
    return path


def rows(output):
    found = {}
    for table in TABLES:
        content = ds.dataset(output / table).to_table().to_pylist()
        found[table] = sorted(map(repr, content))
    return found


def score_to(model, folder, output, **more):
    return score(ScoreConfig(**{"model": str(model), "input": str(folder), "output": str(output), "part_size": 3} | more))


def test_scores_agree_with_tagging_each_file(model, folder, tmp_path):
    done = run_script("score_folder", f"model={model}", f"input={folder}", f"output={tmp_path / 'out'}", "part_size=3")
    assert done.returncode == 0, done.stderr
    tagger = Tagger.load(model)
    articles = {r["article_id"]: r for r in ds.dataset(tmp_path / "out" / "articles").to_table().to_pylist()}
    assert len(articles) == 12
    spans = ds.dataset(tmp_path / "out" / "spans").to_table().to_pylist()
    for path in folder.rglob("*.txt"):
        name = path.relative_to(folder).as_posix()
        text = path.read_text(encoding="utf-8")
        tagged = tagger.tag(text)
        assert articles[name]["sentences"] == len(tagged.sentences)
        mine = [(s["start"], s["end"], s["technique"]) for s in spans if s["article_id"] == name]
        assert mine == [(p.start, p.end, p.technique) for s in tagged.sentences for p in s.spans]
        assert all(text[s["start"] : s["end"]] == s["text"] for s in spans if s["article_id"] == name)
    summary = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    assert (summary["articles"], summary["spans"], summary["failed"]) == (12, len(spans), 0)


def test_a_rerun_scores_only_what_is_new_or_changed(model, folder, tmp_path):
    output = tmp_path / "out"
    assert score_to(model, folder, output).scored_now == 12
    before = rows(output)
    assert score_to(model, folder, output).scored_now == 0
    assert rows(output) == before
    changed, *_, gone = sorted(folder.glob("*.txt"))
    changed.write_text("Nothing but this sentence is left.", encoding="utf-8")
    gone.unlink()
    (folder / "new.md").write_text("A new article. It is short.", encoding="utf-8")
    assert 0 < score_to(model, folder, output).scored_now < 12
    score_to(model, folder, tmp_path / "fresh")
    assert rows(output) == rows(tmp_path / "fresh")


def test_a_killed_run_goes_on_and_ends_with_the_same_rows(model, folder, tmp_path):
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    score_to(model, folder, whole, part_size=1)
    command = [
        sys.executable,
        str(ROOT / "scripts" / "score_folder.py"),
        f"model={model}",
        f"input={folder}",
        f"output={cut}",
        "part_size=1",
    ]
    for parts in (1, 6):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        deadline = time.monotonic() + 120
        while len(list((cut / "articles").glob("*.parquet"))) < parts and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.002)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    (cut / "spans" / "part-00099.parquet").write_bytes(b"left over by a kill")
    assert 0 < score_to(model, folder, cut, part_size=1).scored_now < 12
    assert rows(cut) == rows(whole)


def test_bad_files_are_listed_and_cost_nothing_else(model, folder, tmp_path):
    (folder / "empty.txt").write_text("")
    (folder / "binary.txt").write_bytes(os.urandom(3000))
    done = run_script("score_folder", f"model={model}", f"input={folder}", f"output={tmp_path / 'out'}")
    assert done.returncode == 1
    assert "2 of 14 files could not be scored" in done.stderr
    assert "Traceback" not in done.stderr
    lines = (tmp_path / "out" / "errors" / "errors.jsonl").read_text(encoding="utf-8").splitlines()
    errors = {e["source"]: e["reason"] for e in map(json.loads, lines)}
    assert set(errors) == {"empty.txt", "binary.txt"}
    assert len(rows(tmp_path / "out")["articles"]) == 12
    assert score_to(model, folder, tmp_path / "out", max_failed=0.2).failed == 2


def test_scores_of_two_models_are_not_mixed(model, folder, tmp_path):
    score_to(model, folder, tmp_path / "out")
    (tmp_path / "out" / "manifest.json").write_text("{}")
    with pytest.raises(UserError, match="another model"):
        score_to(model, folder, tmp_path / "out")


def test_nothing_to_score_is_said(model, tmp_path):
    with pytest.raises(UserError, match="no such folder"):
        score_to(model, tmp_path / "in", tmp_path / "out")
    (tmp_path / "in").mkdir()
    with pytest.raises(UserError, match=r"no \.txt or \.md"):
        score_to(model, tmp_path / "in", tmp_path / "out")
