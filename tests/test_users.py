"""The formats of users' own data: JSON Lines, tables, Label Studio, Prodigy."""

import json
import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import ROOT, run_script
from proptag.corpora import READERS
from proptag.corpora.faults import Faults
from proptag.corpora.label_studio import _placed
from proptag.errors import UserError
from proptag.sentences import label_sentences

TEXT = "The ferry tax 😀 is robbery. We pay."


def read(name, path, fatal=True):
    faults = Faults(fatal)
    return list(READERS[name](path, faults)), faults


def marked(article):
    return [(article.text[s.start : s.end], s.technique, s.exact) for s in article.spans]


def json_lines(path, *rows):
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def span(start, end, technique="Doubt", **more):
    return {"start": start, "end": end, "technique": technique, **more}


# JSON Lines


def test_jsonl_reads_spans_whole_text_labels_and_known(tmp_path):
    full = {"id": "a", "text": TEXT, "title": "Tax", "spans": [span(19, 26, "Loaded_Language", text="robbery")], "labels": ["Repetition"]}
    merged = {"id": 2, "text": " We pay. ", "spans": [span(1, 3, "Straw_Man|Red_Herring")], "known": ["Straw_Man", "Red_Herring"]}
    path = json_lines(tmp_path / "x.jsonl", full, merged, {"id": "c", "text": "We pay.", "spans": []})
    (a, b, c), faults = read("jsonl", path)
    assert (a.id, a.title, a.corpus, dict(a.meta)) == ("a", "Tax", "jsonl", {})
    assert marked(a) == [(TEXT, "Repetition", False), ("robbery", "Loaded_Language", True)]
    assert (b.id, marked(b)) == ("2", [("We", "Straw_Man|Red_Herring", True)])
    assert label_sentences(b, "sentences")[0].any_of == {"Straw_Man|Red_Herring"}
    assert b.meta["known"] == ("Straw_Man", "Red_Herring")
    assert c.spans == ()
    assert not faults.repairs


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("nonsense", "not JSON"),
        ("[1]", "needs an object"),
        ({"text": TEXT, "spans": []}, "needs an id"),
        ({"id": "b", "spans": []}, "needs a text"),
        ({"id": "b", "text": " \n", "spans": []}, "needs a text"),
        ({"id": "b", "text": TEXT}, "neither spans nor labels"),
        ({"id": "b", "text": TEXT, "span": []}, "unknown key 'span'"),
        ({"id": "b", "text": TEXT, "spans": "Doubt"}, "must be lists"),
        ({"id": "b", "text": TEXT, "spans": ["Doubt"]}, "a span must be an object"),
        ({"id": "b", "text": TEXT, "spans": [span(0, 3, "Loaded_Langage")]}, "(did you mean Loaded_Language"),
        ({"id": "b", "text": TEXT, "spans": [span(0, 3, "Doubt|Flagwaving")]}, "(did you mean Flag_Waving"),
        ({"id": "b", "text": TEXT, "labels": ["Doubt", None]}, "unknown technique 'None'"),
        ({"id": "b", "text": TEXT, "spans": [span("a", 3)]}, "'a' is not a whole number"),
        ({"id": "b", "text": TEXT, "spans": [span(3, 3)]}, "ends before it begins"),
        ({"id": "b", "text": TEXT, "spans": [span(90, 93)]}, "begins beyond the text"),
        ({"id": "b", "text": TEXT, "spans": [span(0, 3, text="the")]}, "holds 'The', not 'the'"),
        ({"id": "b", "text": TEXT, "spans": [span(0, 3, text=3)]}, "holds 'The', not '3'"),
        ({"id": "b", "text": TEXT, "spans": [span(0, 3)], "known": ["Slogans"]}, "Doubt is marked, but not among the known"),
        ({"id": "b", "text": TEXT, "spans": [], "known": ["Doubt|Slogans"]}, "known: 'Doubt|Slogans' joins several techniques"),
        ({"id": "b", "text": TEXT, "spans": [], "known": ["Slogan"]}, "unknown technique 'Slogan'"),
        ({"id": "a", "text": TEXT, "spans": []}, "the id 'a' stands twice"),
    ],
)
def test_jsonl_faults_are_named_and_the_text_is_left_out_whole(tmp_path, row, problem):
    path = json_lines(tmp_path / "x.jsonl", {"id": "a", "text": TEXT, "spans": [span(0, 3)]})
    with path.open("a", encoding="utf-8") as file:
        file.write(row if isinstance(row, str) else json.dumps(row))
    with pytest.raises(UserError, match=re.escape(problem)) as caught:
        read("jsonl", path)
    assert str(caught.value).startswith(f"{path}:2: ")
    articles, faults = read("jsonl", path, fatal=False)
    assert [a.id for a in articles] == ["a"]
    assert faults.messages


def test_jsonl_takes_a_byte_order_mark_off_and_a_repeated_label_once(tmp_path):
    path = json_lines(tmp_path / "x.jsonl", {"id": "a", "text": TEXT, "spans": [span(0, 3), span(0, 3)]})
    path.write_text("\ufeff" + path.read_text(encoding="utf-8"), encoding="utf-8")
    (article,), faults = read("jsonl", path)
    assert marked(article) == [("The", "Doubt", True)]
    assert faults.repairs == {"label that stands twice, taken once": 1}


def test_jsonl_takes_a_zero_for_an_id(tmp_path):
    assert [a.id for a in read("jsonl", json_lines(tmp_path / "x.jsonl", {"id": 0, "text": TEXT, "spans": []}))[0]] == ["0"]


def test_jsonl_clips_and_counts_a_span_that_ends_beyond_the_text(tmp_path):
    path = json_lines(tmp_path / "x.jsonl", {"id": "a", "text": TEXT, "spans": [span(31, 99)]})
    (article,), faults = read("jsonl", path)
    assert marked(article) == [("pay.", "Doubt", True)]
    assert faults.repairs == {"span that ended beyond its text, clipped": 1}


def test_a_folder_is_read_file_by_file_and_an_empty_one_is_said(tmp_path):
    with pytest.raises(UserError, match=r"no \.jsonl file there"):
        read("jsonl", tmp_path)
    for name in ("b", "a"):
        json_lines(tmp_path / f"{name}.jsonl", {"id": name, "text": TEXT, "spans": []})
    assert [a.id for a in read("jsonl", tmp_path)[0]] == ["a", "b"]


# Tables

ROWS = [
    {"article_id": "x", "text": "We pay.", "techniques": ["Doubt", "Slogans"]},
    {"article_id": "y", "text": "They take.", "techniques": []},
    {"article_id": "x", "text": "The tax\nis  here.", "techniques": ["Repetition"]},
]


def table(path, rows):
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    else:
        lines = [",".join(rows[0])] + [",".join('"' + ("|".join(v) if isinstance(v, list) else v) + '"' for v in r.values()) for r in rows]
        path.write_text("\ufeff" + "\r\n".join(lines), encoding="utf-8", newline="")
    return path


@pytest.mark.parametrize("name", ["t.csv", "t.parquet"])
def test_a_table_gives_an_article_of_each_id_with_a_line_for_each_row(tmp_path, name):
    (x, y), faults = read("table", table(tmp_path / name, ROWS))
    assert (x.id, x.text, y.id, y.spans) == ("x", "We pay.\nThe tax is here.\n", "y", ())
    assert marked(x) == [("We pay.", "Doubt", False), ("We pay.", "Slogans", False), ("The tax is here.", "Repetition", False)]
    assert faults.repairs["sentence of a table with line ends or repeated spaces, which became one space"] == 1
    assert [s.techniques for s in label_sentences(x, "lines")] == [{"Doubt", "Slogans"}, {"Repetition"}]


def test_a_table_without_ids_gives_an_article_of_each_row_and_reads_known(tmp_path):
    rows = [{"text": "We pay.", "techniques": "Doubt", "known": "Doubt|Slogans"}, {"text": "They take.", "techniques": "", "known": ""}]
    articles, _ = read("table", table(tmp_path / "t.csv", rows))
    assert [(a.id, a.meta.get("known")) for a in articles] == [("t-1", ("Doubt", "Slogans")), ("t-2", None)]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("text,labels\na,b\n", "lacks the column techniques; it has text, labels"),
        ("", "lacks the column techniques, text; it has none"),
        ("text,techniques\na,Doubts\n", "t.csv:2: unknown technique 'Doubts' (did you mean Doubt"),
        ("text,techniques\na,Doubt,b\n", "t.csv:2: needs 2 columns"),
        ("text,techniques\na\n", "t.csv:2: needs 2 columns"),
        ("text,techniques\n ,Doubt\n", "t.csv:2: needs a text"),
        ('text,techniques\n"a"b,Doubt\n', "t.csv:2: not CSV"),
        ("text,techniques,known\na,Doubt,Slogans\n", "t.csv:2: Doubt is marked, but not among the known"),
        ("text,techniques,article_id,known\na,,1,Doubt\nb,,1,Slogans\n", "t.csv:3: the known techniques differ"),
    ],
)
def test_table_faults_are_named(tmp_path, content, problem):
    path = tmp_path / "t.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=re.escape(problem)):
        read("table", path)


def test_a_parquet_table_may_join_labels_but_not_known_techniques(tmp_path):
    row = {"text": ["We pay."], "techniques": [["Straw_Man|Red_Herring"]], "known": [["Straw_Man", "Red_Herring"]]}
    pq.write_table(pa.table(row), tmp_path / "t.parquet")
    assert [s.technique for s in read("table", tmp_path)[0][0].spans] == ["Straw_Man|Red_Herring"]
    pq.write_table(pa.table(row | {"known": [["Straw_Man|Red_Herring"]]}), tmp_path / "t.parquet")
    with pytest.raises(UserError, match="joins several techniques"):
        read("table", tmp_path)


def test_a_table_that_is_no_parquet_is_said(tmp_path):
    (tmp_path / "t.parquet").write_bytes(b"PAR0")
    with pytest.raises(UserError, match="not Parquet"):
        read("table", tmp_path)


# Label Studio


def region(start, end, *labels, kind="labels", **more):
    return {"type": kind, "value": {"start": start, "end": end, kind: list(labels), **more}}


def task(number, *annotations, **data):
    return {"id": number, "data": {"text": TEXT, **data}, "annotations": list(annotations)}


def test_label_studio_reads_spans_choices_and_every_annotator(tmp_path):
    first = {"result": [region(4, 9, "Doubt", "Slogans", text="ferry"), {"type": "choices", "value": {"choices": ["Repetition"]}}]}
    relation = {"type": "relation", "from_id": "a", "to_id": "b"}
    path = tmp_path / "x.json"
    tasks = [
        task(1, first, {"result": [relation]}, {"result": [region(0, 3, "Doubt")], "was_cancelled": True}, title="Tax"),
        task(2),
        task(3, {"result": []}, id="own"),
    ]
    path.write_text(json.dumps(tasks), encoding="utf-8")
    articles, faults = read("label_studio", path)
    assert [(a.id, a.title) for a in articles] == [("1", "Tax"), ("1-annotation-2", "Tax"), ("own", "")]
    assert marked(articles[0]) == [(TEXT, "Repetition", False), ("ferry", "Doubt", True), ("ferry", "Slogans", True)]
    assert [a.meta.get("second_annotation_of") for a in articles] == [None, "1", None]
    assert faults.repairs == {
        "task without an annotation, left out": 1,
        "cancelled annotation, left out": 1,
        "result that is neither a label nor a choice, left out": 1,
    }


def test_label_studio_json_min_is_read_too(tmp_path):
    flat = {"id": 1, "text": TEXT, "label": [{"start": 4, "end": 9, "text": "ferry", "labels": ["Doubt"]}], "annotator": 1}
    chosen = {"id": 2, "text": TEXT, "several": {"choices": ["Slogans", "Doubt"]}}
    path = tmp_path / "x.json"
    path.write_text(json.dumps([flat, chosen, {"id": 3, "text": TEXT, "one": "Slogans"}, {"id": 4, "text": TEXT}]), encoding="utf-8")
    articles, _ = read("label_studio", path)
    assert [[t for _, t, _ in marked(a)] for a in articles] == [["Doubt"], ["Doubt", "Slogans"], ["Slogans"], []]
    assert marked(articles[0]) == [("ferry", "Doubt", True)]
    path.write_text("\ufeff" + json.dumps([{"id": "Doubt", "text": TEXT, "title": "Slogans", "annotator": "Doubt"}]), encoding="utf-8")
    assert [(a.id, marked(a)) for a in read("label_studio", path)[0]] == [("Doubt", [])]


@given(st.text("aé😀\n ", min_size=1, max_size=20), st.data())
def test_label_studio_offsets_in_utf16_units_come_out_in_characters(text, data):
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    units = [len(text[:offset].encode("utf-16-le")) // 2 for offset in (start, end)]
    made = _placed({"start": units[0], "end": units[1], "text": text[start:end]}, text, "Doubt", Faults())
    assert text[made["start"] : made["end"]] == text[start:end]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("{}", "needs an array of tasks"),
        ("[\n{]", "x.json:2: not JSON"),
        ("[1]", "x.json: task 1: needs an object"),
        (json.dumps([task(7, {"result": [region(0, 3, "Doubts")]})]), "x.json: task 7: unknown technique 'Doubts' (did you mean Doubt"),
        (json.dumps([task(7, {"result": [region(0, 3, "Doubt", text="Tha")]})]), "the span 0:3 holds 'The', not 'Tha'"),
        (json.dumps([task(7, {"result": [region(0, 3, "Doubt", kind="paragraphlabels")]})]), "a result of the type paragraphlabels may"),
        (json.dumps([{"id": 7, "text": TEXT, "topic": [{"taxonomy": [["Doubt"]]}]}]), "task 7: a result of the type taxonomy may"),
        (json.dumps([{"id": 7, "data": {"txt": "a"}, "annotations": [{"result": []}]}]), "x.json: task 7: needs a text"),
    ],
)
def test_label_studio_faults_are_named(tmp_path, content, problem):
    path = tmp_path / "x.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=re.escape(problem)):
        read("label_studio", path)


# Prodigy


def test_prodigy_reads_accepted_spans_and_choices(tmp_path):
    spans = [{"start": 4, "end": 9, "label": "Doubt", "token_start": 1, "token_end": 1}]
    path = json_lines(
        tmp_path / "x.jsonl",
        {"text": TEXT, "spans": spans, "answer": "accept", "meta": {"id": "m"}, "_input_hash": 5},
        {"text": TEXT, "accept": ["Slogans"], "answer": "accept", "_input_hash": 6},
        {"text": TEXT, "spans": [], "answer": "accept", "_input_hash": 6},
        {"text": TEXT, "spans": spans, "answer": "reject"},
        {"text": TEXT, "spans": spans, "answer": "ignore"},
    )
    articles, faults = read("prodigy", path)
    assert [(a.id, marked(a)) for a in articles] == [
        ("m", [("ferry", "Doubt", True)]),
        ("6", [(TEXT, "Slogans", False)]),
        ("6-annotation-2", []),
    ]
    assert articles[2].meta["second_annotation_of"] == "6"
    assert faults.repairs == {"task with the answer reject, left out": 1, "task with the answer ignore, left out": 1}


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ({"text": TEXT, "label": "Doubt", "answer": "accept"}, "says nothing about the others"),
        ({"text": TEXT, "spans": [], "answer": "maybe"}, "not 'maybe'"),
        ({"text": TEXT, "spans": [{"start": 0, "end": 3, "label": "Doubts"}]}, "did you mean Doubt"),
        ({"text": TEXT, "spans": ["Doubt"]}, "a span must be an object"),
        ({"spans": [], "answer": "accept"}, "needs a text"),
        ({"text": TEXT, "meta": {"id": "m"}}, "not annotated"),
    ],
)
def test_prodigy_faults_are_named(tmp_path, row, problem):
    with pytest.raises(UserError, match=re.escape(problem)) as caught:
        read("prodigy", json_lines(tmp_path / "x.jsonl", row))
    assert "x.jsonl:1: " in str(caught.value)


# Whatever JSON holds

KEYS = ("id", "text", "spans", "labels", "known", "title", "data", "annotations", "result", "value", "type", "start", "end", "technique")
MORE = ("label", "answer", "accept", "meta", "choices", "was_cancelled", "text_fragment")
SCALARS = st.none() | st.booleans() | st.integers(-2, 40) | st.floats() | st.sampled_from([TEXT, "", "Doubt", "accept", "labels", "\ud800"])
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS + MORE), inner, max_size=6), max_leaves=12
)
OBJECTS = st.dictionaries(st.sampled_from(KEYS + MORE), VALUES, min_size=1, max_size=8)


@pytest.mark.parametrize("name", ["jsonl", "prodigy", "label_studio", "semeval2021"])
@settings(deadline=None)  # a busy machine is no fault
@given(rows=st.lists(OBJECTS | VALUES, min_size=1, max_size=3))
def test_strange_json_is_a_fault_and_never_a_crash(name, rows, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / f"strange-{name}"
    lines = [json.dumps(row) for row in rows]
    path.write_text("\n".join(lines) if name in ("jsonl", "prodigy") else f"[{','.join(lines)}]", encoding="utf-8")
    articles, faults = read(name, path, fatal=False)
    assert all(article.text.encode("utf-8") and article.id for article in articles)
    assert len(articles) + len(faults.messages) + faults.repairs.total() >= (name != "label_studio")


@pytest.mark.parametrize(
    "content", ["[" * 100_000, "1" * 5_000, '{"id": 1, "text": "a", "spans": [{"start": "' + "1" * 5_000 + '", "end": 2}]}']
)
def test_nested_and_long_json_is_a_fault(tmp_path, content):
    (tmp_path / "x.jsonl").write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=r"x\.jsonl:1: "):
        read("jsonl", tmp_path)


# The examples of the documentation


@pytest.mark.parametrize(("name", "suffix"), [("jsonl", "jsonl"), ("table", "csv"), ("label_studio", "json"), ("prodigy", "jsonl")])
def test_the_example_in_the_documentation_is_read(tmp_path, name, suffix):
    page = (ROOT / "docs" / "data.md").read_text(encoding="utf-8")
    section = page.split(f"### `{name}`")[1]
    example = re.search(r"```\w*\n(.*?)```", section, re.DOTALL)[1]
    path = tmp_path / f"example.{suffix}"
    path.write_text(example, encoding="utf-8")
    articles, faults = read(name, path)
    assert sum(len(a.spans) for a in articles) >= 2
    assert not faults.messages


def test_a_table_becomes_a_dataset(tmp_path):
    rows = [{"text": f"Sentence number {n}.", "techniques": ["Doubt"] if n % 2 else []} for n in range(20)]
    done = run_script("build_dataset", "corpus=table", f"corpus.path={table(tmp_path / 't.parquet', rows)}", f"output={tmp_path / 'out'}")
    assert done.returncode == 0, done.stderr
    assert "| with a technique |" in (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
