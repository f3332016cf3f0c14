"""The commands as a user runs them: output, exit codes, bad input."""

import json
import os
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from conftest import ROOT, run_script

ARTICLE = ROOT / "examples" / "article.txt"


class Page(HTMLParser):
    """Collects the text outside of head and style, and every address that a page names."""

    def __init__(self):
        super().__init__()
        self.text, self.addresses, self.tags, self.hidden = [], [], [], 0

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.hidden += tag in ("style", "head")
        self.addresses += [value for key, value in attrs if key in ("src", "href")]

    def handle_endtag(self, tag):
        self.hidden -= tag in ("style", "head")

    def handle_data(self, data):
        if not self.hidden:
            self.text.append(data)


def read_page(html):
    page = Page()
    page.feed(html)
    return page


def test_predict_writes_json_in_the_documented_layout(model, tmp_path):
    output = tmp_path / "a.json"
    done = run_script("predict", f"model={model}", f"input={ARTICLE}", "format=json", f"output={output}")
    assert done.returncode == 0, done.stderr
    text = ARTICLE.read_text(encoding="utf-8")
    content = json.loads(output.read_text(encoding="utf-8"))
    assert {"id", "source", "title", "model", "sentences", "counts"} == set(content)
    assert content["title"] == "Garrison week opens in Pellin with new enlistment film"
    for s in content["sentences"]:
        assert {"index", "start", "end", "text", "propaganda", "voice", "speaker", "techniques", "spans"} <= set(s)
        assert text[s["start"] : s["end"]] == s["text"]
        for span in s["spans"]:
            assert set(span) == {"technique", "start", "end", "text", "probability", "voice", "speaker"}
            assert text[span["start"] : span["end"]] == span["text"]
    assert sum(content["counts"].values()) == sum(len(s["spans"]) for s in content["sentences"])


def test_predict_html_shows_the_whole_text_and_loads_nothing(model):
    done = run_script("predict", f"model={model}", f"input={ARTICLE}", "format=html")
    assert done.returncode == 0, done.stderr
    page = read_page(done.stdout)
    shown = " ".join("".join(page.text).split())
    for line in ARTICLE.read_text(encoding="utf-8").split("\n"):
        for sentence in line.split(". ")[:1]:
            assert " ".join(sentence.split()) in shown
    assert "mark" in page.tags
    assert page.addresses == []
    assert "http" not in done.stdout.replace("http-equiv", "")
    assert "quoted: Oda Kerrin" in shown or "author's own voice" in shown


def test_predict_html_escapes_hostile_text(model):
    hostile = 'The vile <script>alert(1)</script> "traitors" & <img src=x onerror=alert(2)> must be crushed!'
    done = run_script("predict", f"model={model}", "input=-", "format=html", stdin=hostile)
    page = read_page(done.stdout)
    assert "script" not in page.tags
    assert "img" not in page.tags
    assert "alert(1)" in "".join(page.text)


def test_predict_terminal_is_plain_in_a_pipe_and_takes_control_characters_out(model):
    done = run_script("predict", f"model={model}", "input=-", stdin="The vile \x1b[31mtraitors must be crushed!")
    assert done.returncode == 0
    assert "\x1b" not in done.stdout
    assert "traitors must be crushed" in done.stdout


def test_predict_reads_a_literal_text_with_any_characters(model):
    done = run_script("predict", f"model={model}", "text=It's a plot, they say: (really) ${HOME} a=b", "format=json")
    assert json.loads(done.stdout)["sentences"][0]["text"] == "It's a plot, they say: (really) ${HOME} a=b"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b" \n\n", "there is no text in it"),
        (bytes(range(256)), "not a text file"),
        (b"a\0b", "NUL"),
    ],
)
def test_predict_refuses_what_is_no_text(model, tmp_path, content, message):
    path = tmp_path / "in.txt"
    path.write_bytes(content)
    done = run_script("predict", f"model={model}", f"input={path}", f"output={tmp_path / 'out.json'}", "format=json")
    assert done.returncode == 1
    assert f"error: {path}: " in done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out.json").exists()


def test_predict_says_which_file_is_missing(model, tmp_path):
    done = run_script("predict", f"model={model}", f"input={tmp_path / 'none.txt'}")
    assert (done.returncode, done.stderr.strip()) == (1, f"error: {tmp_path / 'none.txt'}: no such file")
    done = run_script("predict", f"model={tmp_path / 'none'}", f"input={ARTICLE}")
    assert done.returncode == 1
    assert "no such model folder" in done.stderr


def test_predict_writes_submissions_of_files_with_ids_only(model, tmp_path):
    path = tmp_path / "article7.txt"
    path.write_text("The gutless traitors!\n\nThe vile, gutless traitors must be crushed now!\n", encoding="utf-8")
    for format_, columns in (("semeval2020", 4), ("semeval2020-si", 3)):
        done = run_script("predict", f"model={model}", f"input={path}", f"format={format_}")
        assert done.returncode == 0, done.stderr
        rows = [line.split("\t") for line in done.stdout.splitlines()]
        assert rows
        assert all(len(row) == columns and row[0] == "7" for row in rows)
    for settings, code, message in (
        ([f"input={ARTICLE}"], 1, "a submission needs a file article<ID>.txt"),
        ([f"input={tmp_path / 'article8.txt'}"], 1, "no such file"),
        ([f"input={ROOT / 'examples'}"], 1, "no article<ID>.txt there"),
        (["text=Hello."], 2, "needs input=FOLDER with files article<ID>.txt"),
    ):
        done = run_script("predict", f"model={model}", "format=semeval2020", *settings)
        assert (done.returncode, message in done.stderr) == (code, True), done.stderr


def test_predict_to_a_closed_pipe_is_quiet(model):
    command = f"{sys.executable} {ROOT}/scripts/predict.py model={model} input={ARTICLE} format=html | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.startswith("<!DOCTYPE html>")
    assert done.stderr == ""


def test_predict_keeps_the_old_file_when_the_new_one_cannot_be_written(model, tmp_path):
    if os.geteuid() == 0:
        target = tmp_path / "taken"
        target.mkdir()
    else:
        target = tmp_path / "locked" / "a.json"
        target.parent.mkdir(mode=0o500)
    done = run_script("predict", f"model={model}", "text=Hello there.", "format=json", f"output={target}")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


def test_console_command_does_the_same_as_the_script(model, tmp_path):
    command = Path(sys.executable).with_name("proptag")
    settings = [f"model={model}", f"input={ARTICLE}", "format=json"]
    done = subprocess.run([command, *settings], capture_output=True, text=True, timeout=120, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == json.loads(run_script("predict", *settings).stdout)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ([], 2, "proptag model=FOLDER"),
        (["--help"], 0, "format="),
        (["--version"], 0, "proptag "),
        (["nonsense"], 2, "not of the form setting=value"),
        (["modle=x", "format=pdf"], 2, "did you mean model"),
        (["model=none", "text=Hello."], 1, "no such model folder"),
    ],
)
def test_console_command_usage(arguments, code, message):
    command = Path(sys.executable).with_name("proptag")
    done = subprocess.run([command, *arguments], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == code
    assert message in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_wheel_predicts_without_the_repository(model, tmp_path):
    wheel = subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-q", "-w", str(tmp_path), str(ROOT)],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert wheel.returncode == 0, wheel.stderr
    target = tmp_path / "site"
    built = next(tmp_path.glob("proptag-*.whl"))
    unpacked = subprocess.run(
        [sys.executable, "-m", "pip", "install", "--no-deps", "-q", "--target", str(target), str(built)],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert unpacked.returncode == 0, unpacked.stderr
    code = (
        f"import sys; sys.path.insert(0, {str(target)!r}); import proptag; assert proptag.__file__.startswith({str(target)!r});"
        "from proptag.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, f"model={model}", "text=The gutless traitors!", "format=html"],
        capture_output=True, text=True, timeout=120, cwd=tmp_path, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "gutless" in done.stdout
    assert (next(target.glob("proptag-*.dist-info")) / "licenses" / "LICENSE").is_file()
