"""Scoring folders: what is scored, what is scored again, what is said of the rest."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.dataset as ds
import pytest

from conftest import ROOT, run_script
from proptag.config import IngestConfig, ScoreConfig
from proptag.corpora.seeds import read
from proptag.errors import SettingsError, UserError
from proptag.predict import Tagger
from proptag.score.plan import plan
from proptag.score.run import score
from proptag.score.tables import TABLES

ANY = IngestConfig(languages="any")  # telling languages takes seconds to begin with


@pytest.fixture
def folder(tmp_path):
    """A folder with twelve articles, one of them below a sub-folder."""
    path = tmp_path / "in"
    (path / "sub").mkdir(parents=True)
    for i, article in enumerate(list(read(ROOT / "seeds"))[:12]):
        (path / ("sub" if i == 3 else ".") / f"{article.id}.txt").write_text(article.text, encoding="utf-8")
    return path


def table(output, name):
    return ds.dataset(output / name, format="parquet").to_table().to_pylist()


def rows(output):
    return {name: sorted(map(repr, table(output, name))) for name in TABLES}


def rounded(output):
    """The rows with probabilities of four digits: other batches give other last digits."""

    def plain(value):
        if isinstance(value, dict):
            return {key: plain(inner) for key, inner in value.items()}
        return round(value, 4) if isinstance(value, float) else value

    return {name: sorted(repr(plain(row)) for row in table(output, name)) for name in TABLES}


def settings(model, folder, output, **more):
    fixed = {
        "model": str(model),
        "input": str(folder),
        "output": str(output),
        "part_size": 3,
        "dtype": "float32",
        "pages": 2,
        "workers": 1,
        "ingest": ANY,
    }
    return ScoreConfig(**fixed | more)


def score_to(model, folder, output, **more):
    """Score; return how many articles were scored now."""
    return score(settings(model, folder, output, **more))[1]


def test_scores_agree_with_tagging_each_file(model, folder, tmp_path):
    done = run_script(
        "score_folder",
        f"model={model}",
        f"input={folder}",
        f"output={tmp_path / 'out'}",
        "part_size=3",
        "dtype=float32",
        "ingest.languages=any",
    )
    assert done.returncode == 0, done.stderr
    assert "12 articles" in done.stdout
    assert "100%  12 articles scored" in done.stderr
    tagger = Tagger.load(model)
    articles = {r["article_id"]: r for r in table(tmp_path / "out", "articles")}
    assert len(articles) == 12
    spans, sentences = table(tmp_path / "out", "spans"), table(tmp_path / "out", "sentences")
    for path in folder.rglob("*.txt"):
        name = path.relative_to(folder).as_posix()
        text = path.read_text(encoding="utf-8")
        tagged = tagger.tag(text)
        assert articles[name]["sentences"] == len(tagged.sentences)
        mine = [(s["start"], s["end"], s["technique"]) for s in spans if s["article_id"] == name]
        assert mine == [(p.start, p.end, p.technique) for s in tagged.sentences for p in s.spans]
        assert all(text[s["start"] : s["end"]] == s["text"] for s in spans if s["article_id"] == name)
        for s, t in zip((s for s in sentences if s["article_id"] == name), tagged.sentences, strict=True):
            assert s["probabilities"] == pytest.approx(t.probabilities, abs=1e-5)
            assert text.count("\n", 0, s["start"]) + 1 == s["line"]
    summary = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    assert (summary["files"], summary["articles"], summary["spans"], summary["failed"]) == (12, 12, len(spans), 0)


def test_a_rerun_scores_only_what_is_new_or_changed(model, folder, tmp_path):
    output = tmp_path / "out"
    assert score_to(model, folder, output) == 12
    before = rows(output)
    assert score_to(model, folder, output) == 0
    assert rows(output) == before
    changed, *_, gone = sorted(folder.glob("*.txt"))
    changed.write_text("Nothing but this sentence is left.", encoding="utf-8")
    gone.unlink()
    (folder / "new.md").write_text("A new article. It is short.", encoding="utf-8")
    assert score_to(model, folder, output) == 2
    score_to(model, folder, tmp_path / "fresh")
    assert rounded(output) == rounded(tmp_path / "fresh")


def test_several_workers_write_the_rows_of_one(model, folder, tmp_path):
    assert score_to(model, folder, tmp_path / "one") == score_to(model, folder, tmp_path / "two", workers=2) == 12
    assert rows(tmp_path / "one") == rows(tmp_path / "two")


def test_a_file_of_rows_that_grew_is_not_scored_anew(model, tmp_path):
    source, output = tmp_path / "rows.jsonl", tmp_path / "out"
    lines = [json.dumps({"text": f"The council met {i} times. Shame on them!", "outlet": "Gazette", "id": f"g-{i}"}) for i in range(10)]
    source.write_text("\n".join(lines), encoding="utf-8")
    assert score_to(model, source, output) == 10
    source.write_text("\n".join([*lines[1:], json.dumps({"text": "One more."}), "no json"]), encoding="utf-8")
    assert score_to(model, source, output, max_failed=0.5) == 1
    score_to(model, source, tmp_path / "fresh", max_failed=0.5)
    assert rounded(output) == rounded(tmp_path / "fresh")
    found = table(output, "articles")
    assert [(a["own_id"], a["outlet"]) for a in found if a["position"] == 1] == [("g-1", "Gazette")]
    assert {a["source"] for a in found} == {source.as_posix()}
    assert [e["article_id"] for e in table(output, "errors")] == [f"{source.as_posix()}#11"]


def test_a_text_under_two_names_is_scored_once_and_reported_twice(model, folder, tmp_path):
    first = sorted(folder.glob("*.txt"))[0]
    shutil.copy(first, folder / "zz.txt")
    assert score_to(model, folder, tmp_path / "out") == 12
    articles = {a["article_id"]: a for a in table(tmp_path / "out", "articles")}
    assert articles["zz.txt"]["duplicate_of"] == first.name
    assert articles[first.name]["duplicate_of"] is None
    assert articles["zz.txt"]["sha256"] == articles[first.name]["sha256"]
    for name in ("sentences", "spans"):
        mine, its = (
            [{**r, "article_id": ""} for r in table(tmp_path / "out", name) if r["article_id"] == i] for i in ("zz.txt", first.name)
        )
        assert mine == its
        assert mine
    # The one that was scored goes, one that comes before is new: the rows are those of a fresh run, nothing is scored.
    first.rename(folder / "00.txt")
    assert score_to(model, folder, tmp_path / "out") == 0
    score_to(model, folder, tmp_path / "fresh")
    assert rounded(tmp_path / "out") == rounded(tmp_path / "fresh")
    assert {a["article_id"]: a["duplicate_of"] for a in table(tmp_path / "out", "articles")}["zz.txt"] == "00.txt"


def test_bad_files_are_listed_and_cost_nothing_else(model, folder, tmp_path):
    (folder / "empty.txt").write_text("")
    (folder / "binary.txt").write_bytes(os.urandom(3000) + b"\0")
    (folder / "german.txt").write_text(
        "Der Stadtrat hat am Dienstag beschlossen, die Bücherei am Hafen zu schließen, und niemand weiß warum. " * 3
    )
    done = run_script("score_folder", f"model={model}", f"input={folder}", f"output={tmp_path / 'out'}")
    assert done.returncode == 1
    assert "2 failed, 1 in other languages; of all that was to be scored, 14.3% failed" in done.stderr
    assert "Traceback" not in done.stderr
    errors = {e["source"]: e["kind"] for e in table(tmp_path / "out", "errors")}
    assert errors == {"empty.txt": "empty", "binary.txt": "binary", "german.txt": "language"}
    assert len(table(tmp_path / "out", "articles")) == 12
    found, scored = score(settings(model, folder, tmp_path / "out", max_failed=0.2, dtype="auto", ingest=IngestConfig()))
    assert (found.failed, found.skipped, scored) == (2, 1, 0)
    (folder / "empty.txt").write_text("It says something now.")
    found, scored = score(settings(model, folder, tmp_path / "out", max_failed=0.2, dtype="auto", ingest=IngestConfig()))
    assert (found.failed, scored) == (1, 1)


def test_what_failed_is_tried_again_only_if_asked_for(model, folder, tmp_path, monkeypatch):
    hidden = folder / "aa.txt"
    hidden.write_text("This one has a bad day. It will be read later.")
    monkeypatch.setenv("PYTHONPATH", f"{patched(tmp_path, 'raise ValueError(0)')}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    assert score(settings(model, folder, tmp_path / "out", max_failed=0.2))[0].reasons == {"crash": 1}
    monkeypatch.undo()
    assert score(settings(model, folder, tmp_path / "out", max_failed=0.2))[0].failed == 1
    found, scored = score(settings(model, folder, tmp_path / "out", retry_failed=True))
    assert (found.failed, scored) == (0, 1)


def patched(tmp_path, action):
    """Make a folder for the import path that spoils the reading of files named aa.* in new processes."""
    folder = tmp_path / "patch"
    folder.mkdir(exist_ok=True)
    (folder / "sitecustomize.py").write_text(
        "import ctypes, os, signal, time\nfrom proptag import ingest\nplain = ingest.read_all\n"
        "def read_all(path, config, source=None):\n"
        f"    if path.stem == 'aa':\n        {action}\n"
        "    return plain(path, config, source)\ningest.read_all = read_all\n"
    )
    return folder


@pytest.mark.parametrize(
    ("action", "kind"),
    [
        ("time.sleep(100)", "timeout"),
        ("signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM]); bytearray(10**10)", "memory"),
        ("ctypes.string_at(0)", "crash"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "memory"),
        ("os._exit(3)", "crash"),
        ("raise RecursionError", "crash"),
    ],
)
def test_a_parser_that_hangs_crashes_or_eats_memory_costs_one_row(model, folder, tmp_path, monkeypatch, action, kind):
    (folder / "aa.txt").write_text("This file is a trap.")
    monkeypatch.setenv("PYTHONPATH", f"{patched(tmp_path, action)}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    found, scored = score(settings(model, folder, tmp_path / "out", max_failed=0.2, read_seconds=4.0, readers=2))
    assert (found.reasons, scored) == ({kind: 1}, 12)
    error = table(tmp_path / "out", "errors")[0]
    assert (error["article_id"], error["kind"]) == ("aa.txt", kind)
    assert error["reason"]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the time limit ends it")
def test_no_reading_process_outlives_a_killed_run(model, folder, tmp_path):
    (folder / "aa.txt").write_text("This file is a trap.")
    code = "from test_score import *; import sys; score(settings(*sys.argv[1:4], read_seconds=100.0))"
    path = os.pathsep.join([str(patched(tmp_path, "open('alive', 'w').write(str(os.getpid())); time.sleep(100)")), *sys.path])
    run = subprocess.Popen(
        [sys.executable, "-c", code, str(model), str(folder), "out"], cwd=tmp_path, env=os.environ | {"PYTHONPATH": path}
    )
    while not ((alive := tmp_path / "alive").exists() and alive.read_text()):
        assert run.poll() is None
    run.kill()
    run.wait()
    state = Path("/proc", alive.read_text(), "stat")
    for _ in range(100):
        if not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z":  # dead, and perhaps not yet mourned
            return
        time.sleep(0.05)
    pytest.fail("the reading process is still there")


def test_input_is_folders_globs_files_and_lists(model, folder, tmp_path):
    files = sorted(folder.glob("*.txt"))
    (tmp_path / "list.txt").write_text(f"{files[0]}\n{files[1]}\n")
    given = f"@{tmp_path / 'list.txt'},{folder / 'sub'},{files[2].parent}/{files[2].stem[:-1]}?.txt"
    score_to(model, given, tmp_path / "out")
    found = {a["source"] for a in table(tmp_path / "out", "articles")}
    assert {files[0].as_posix(), files[1].as_posix(), files[2].as_posix()} | {p.as_posix() for p in (folder / "sub").iterdir()} <= found


def test_plan_says_what_would_be_done_and_loads_no_torch(model, folder, tmp_path):
    output = tmp_path / "out"
    score_to(model, folder, output)
    first, second, *_ = sorted(folder.glob("*.txt"))
    first.unlink()
    second.write_text("Changed. It is short now.")
    (folder / "new.md").write_text("New.")
    (folder / "picture.png").write_bytes(b"")
    before = {p: p.stat().st_mtime_ns for p in output.rglob("*")}
    found = plan(settings(model, folder, output))
    assert {p: p.stat().st_mtime_ns for p in output.rglob("*")} == before
    assert (found.states["new"], found.states["changed"], found.states["scored"], found.gone) == (1, 1, 10, 1)
    assert found.formats == {".txt": 11, ".md": 1}
    assert found.other == {".png": 1}
    code = "import sys; from test_score import *; print(plan(settings(*sys.argv[1:4]))); sys.exit('torch' in sys.modules)"
    code = code.replace("from test_score import *", "from proptag.score.plan import plan; from proptag.config import ScoreConfig")
    code = code.replace("settings(*sys.argv[1:4])", "ScoreConfig(*sys.argv[1:4])")
    done = subprocess.run([sys.executable, "-c", code, model, folder, output], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "would read 2 files" in done.stdout
    said = run_script("score_folder", f"model={model}", f"input={folder}", f"output={tmp_path / 'none'}", "plan=true")
    assert "would read 12 files" in said.stdout
    assert not (tmp_path / "none").exists()


def test_scores_of_two_models_are_not_mixed(model, folder, tmp_path):
    score_to(model, folder, tmp_path / "out")
    with pytest.raises(UserError, match=r"another model, version of proptag or setting \(settings\)"):
        score_to(model, folder, tmp_path / "out", dtype="bfloat16")
    (tmp_path / "out" / "manifest.json").write_text("{")
    with pytest.raises(UserError, match="another model"):
        score_to(model, folder, tmp_path / "out")


def test_two_runs_do_not_write_to_one_folder(model, folder, tmp_path):
    fcntl = pytest.importorskip("fcntl")
    (tmp_path / "out").mkdir()
    with (tmp_path / "out" / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(UserError, match="another run is writing there"):
            score_to(model, folder, tmp_path / "out")


def test_nothing_to_score_is_said(model, tmp_path):
    with pytest.raises(UserError, match="no such file or folder"):
        score_to(model, tmp_path / "in", tmp_path / "out")
    (tmp_path / "in").mkdir()
    with pytest.raises(UserError, match="no files in it of a format that is read"):
        score_to(model, tmp_path / "in", tmp_path / "out")
    with pytest.raises(SettingsError, match="there is no 'xlsx'"):
        score_to(model, tmp_path / "in", tmp_path / "out", formats="parquet,xlsx")


def test_a_full_disk_is_said_and_the_run_goes_on_afterwards(model, folder, tmp_path):
    place = tmp_path / "small"
    place.mkdir()
    if shutil.which("mount") is None or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128k", "none", place], check=False).returncode:
        pytest.skip("a small file system can be mounted by root only")
    try:
        with pytest.raises(OSError, match="No space left on device"):
            score_to(model, folder, place / "out")
        subprocess.run(["mount", "-o", "remount,size=50m", place], check=True)
        assert score_to(model, folder, place / "out") < 12
        score_to(model, folder, tmp_path / "fresh")
        assert rows(place / "out") == rows(tmp_path / "fresh")
    finally:
        subprocess.run(["umount", place], check=True)


@pytest.mark.usefixtures("folder")
def test_a_sweep_scores_several_folders(model, tmp_path):
    (tmp_path / "in" / "other").mkdir()
    (tmp_path / "in" / "other" / "a.txt").write_text("One more folder. It is small.")
    done = run_script(
        "score_folder", "-m", f"model={model}", "input=in/sub,in/other", "output=runs/${input}", "ingest.languages=any", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert [len(table(tmp_path / "runs" / "in" / name, "articles")) for name in ("sub", "other")] == [1, 1]


@pytest.mark.usefixtures("folder")
def test_a_job_of_a_sweep_that_fails_does_not_stop_the_others(model, tmp_path):
    for name in ("bad", "good"):
        (tmp_path / "in" / name).mkdir()
        (tmp_path / "in" / name / "a.txt").write_text("One more folder. It is small.")
    (tmp_path / "in" / "bad" / "b.pdf").write_bytes(b"%PDF-1.4")
    done = run_script(
        "score_folder", "-m", f"model={model}", "input=in/bad,in/good", "output=runs/${input}", "ingest.languages=any", cwd=tmp_path
    )
    assert done.returncode == 1, done.stderr
    assert len(table(tmp_path / "runs" / "in" / "bad", "errors")) == 1
    assert [len(table(tmp_path / "runs" / "in" / name, "articles")) for name in ("bad", "good")] == [1, 1]
