"""What a scored folder looks like to other tools and to people."""

import csv
import json

import duckdb
import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pytest

from proptag import taxonomy
from proptag.config import IngestConfig, ScoreConfig
from proptag.score.overview import groups_of, page_name
from proptag.score.run import score
from proptag.score.tables import TABLES, schemas
from test_scripts import read_page

HOSTILE = "<script>alert(1)</script><img src=http://evil.example/x.png>"


@pytest.fixture(scope="module")
def output(model, tmp_path_factory):
    """A scored folder with outlets, months, topic folders, a duplicate, hostile names and texts, and a bad file."""
    base = tmp_path_factory.mktemp("scored")
    folder = base / "in"
    rows = [
        {
            "text": f"{HOSTILE} The vile traitors number {i} must be crushed! They betray us all.\n\nShameful liars, said “Ann”.",
            "title": f"{HOSTILE} {i}",
            "outlet": ("Gazette", HOSTILE)[i % 2],
            "date": f"2024-0{1 + i % 3}-05",
            "author": "A. Body",
        }
        for i in range(6)
    ]
    for topic in ("war", "tax & budget"):
        (folder / topic).mkdir(parents=True)
        (folder / topic / "a.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
        rows = [row | {"text": f"{row['text']} Again."} for row in rows]
    (folder / "same.txt").write_text(rows[0]["text"].removesuffix(" Again."), encoding="utf-8")
    (folder / "empty.txt").write_text("")
    settings = {
        "part_size": 4,
        "formats": "jsonl,csv",
        "max_failed": 0.5,
        "pages": 3,
        "workers": 1,
        "ingest": IngestConfig(languages="any"),
    }
    score(ScoreConfig(str(model), str(folder), str(base / "out"), **settings))
    return base / "out"


def count(output, name):
    return sum(pq.read_metadata(path).num_rows for path in (output / name).glob("*.parquet"))


@pytest.mark.parametrize("name", TABLES)
def test_common_tools_read_the_parts_as_one_table(output, name, tmp_path):
    number = count(output, name)
    assert number
    assert duckdb.sql(f"SELECT count(*) FROM '{output}/{name}/*.parquet'").fetchall() == [(number,)]
    frame = pd.read_parquet(output / name)
    assert (len(frame), list(frame.columns)) == (number, schemas()[name].names)
    assert len(pl.read_parquet(output / name / "*.parquet")) == number
    datasets = pytest.importorskip("datasets")
    loaded = datasets.load_dataset("parquet", data_dir=str(output / name), split="train", cache_dir=str(tmp_path))
    assert (len(loaded), loaded.column_names) == (number, schemas()[name].names)


def test_tables_join_and_probabilities_can_be_asked_for_by_name(output):
    found = duckdb.sql(
        f"""SELECT a.outlet, count(*), max(s.probabilities['Loaded_Language']) FROM '{output}/articles/*.parquet' a
        JOIN '{output}/sentences/*.parquet' s USING (article_id) GROUP BY 1 ORDER BY 1"""
    ).fetchall()
    assert [outlet for outlet, _, _ in found] == [HOSTILE, "Gazette", None]
    assert sum(number for _, number, _ in found) == count(output, "sentences")
    assert all(0 < most <= 1 for _, _, most in found)
    assert duckdb.sql(f"SELECT count(*) FROM '{output}/articles/*.parquet' WHERE duplicate_of IS NOT NULL").fetchall() == [(1,)]


def test_json_lines_and_csv_hold_the_same_rows(output):
    for name in TABLES:
        lines = [json.loads(line) for line in (output / "jsonl" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
        with (output / "csv" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            table = list(csv.DictReader(file))
        assert len(lines) == len(table) == count(output, name)
        assert list(lines[0]) == schemas()[name].names
    sentences = [json.loads(line) for line in (output / "jsonl" / "sentences.jsonl").read_text(encoding="utf-8").splitlines()]
    with (output / "csv" / "sentences.csv").open(encoding="utf-8", newline="") as file:
        for row, sentence in zip(csv.DictReader(file), sentences, strict=True):
            assert row["text"] == sentence["text"]
            assert [t for t in row["techniques"].split("|") if t] == sentence["techniques"]
            assert float(row["probabilities.Doubt"]) == pytest.approx(sentence["probabilities"]["Doubt"])


def test_the_overview_escapes_everything_loads_nothing_and_leads_to_pages(output):
    html = (output / "overview.html").read_text(encoding="utf-8")
    page = read_page(html)
    text = " ".join("".join(page.text).split())
    assert not {"script", "img", "link", "iframe"} & set(page.tags)
    assert "http:" not in html.replace(HOSTILE.replace("<", "&lt;").replace(">", "&gt;"), "")
    assert "default-src 'none'" in html
    assert HOSTILE in text
    for heading in ("By outlet", "By folder", "By month", "Articles with the most marks", "tax & budget", "2024-02", "Gazette"):
        assert heading in text
    assert len(page.addresses) == 3
    for address in page.addresses:
        article = read_page((output / address).read_text(encoding="utf-8"))
        assert not {"script", "img"} & set(article.tags)
        assert "mark" in article.tags
        assert "must be crushed!" in "".join(article.text)
        assert article.tags.count("section") == 2  # the paragraphs
    assert {p.name for p in (output / "pages").iterdir()} == {address.partition("/")[2] for address in page.addresses}


def test_shares_in_the_overview_are_those_of_the_tables(output):
    techniques = duckdb.sql(f"SELECT technique, count(*) FROM '{output}/spans/*.parquet' GROUP BY 1 ORDER BY 2 DESC, 1").fetchall()
    summary = json.loads((output / "summary.json").read_text(encoding="utf-8"))
    assert list(summary["techniques"].items()) == techniques
    share = duckdb.sql(
        f"""SELECT 100 * avg(list_contains(techniques, '{techniques[0][0]}')::INT) FROM '{output}/sentences/*.parquet' s
        JOIN '{output}/articles/*.parquet' a USING (article_id) WHERE outlet = 'Gazette'"""
    ).fetchall()[0][0]
    page = read_page((output / "overview.html").read_text(encoding="utf-8"))
    cells = [piece.strip() for piece in page.text if piece.strip()]
    start = cells.index("By outlet")
    columns = [cell for cell in cells[start : start + 8] if cell in ("Gazette", HOSTILE)]
    row = cells.index(taxonomy.load()[techniques[0][0]].label, start)
    assert cells[row + 1 + columns.index("Gazette")] == f"{share:.1f}"


def test_groups_and_names_of_pages():
    row = {"outlet": None, "date": None, "source": "a.txt"}
    assert list(groups_of(row)) == []
    full = {"outlet": "Gazette", "date": "2024-05-06T10:00", "source": "war/deep/a.txt"}
    assert list(groups_of(full)) == [("outlet", "Gazette"), ("folder", "war"), ("month", "2024-05")]
    names = {page_name(name) for name in ("a/b.txt", "a-b.txt", "../../etc/passwd", "", "ü" * 500)}
    assert len(names) == 5
    assert all("/" not in name and len(name) < 80 for name in names)


def test_an_empty_result_is_still_a_dataset(model, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "empty.txt").write_text("")
    summary, _ = score(ScoreConfig(str(model), str(tmp_path / "in"), str(tmp_path / "out"), max_failed=1.0))
    assert (summary.articles, summary.failed) == (0, 1)
    for name in TABLES:
        assert list(pd.read_parquet(tmp_path / "out" / name).columns) == schemas()[name].names
    assert "Techniques in 0 articles" in (tmp_path / "out" / "overview.html").read_text(encoding="utf-8")
