"""Every format gives the same article, text that is fine is left alone, and no bad file does more than become a Problem."""

import csv
import datetime
import hashlib
import io
import itertools
import json
import os
import random
import re
import socket
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reportlab.pdfgen.canvas import Canvas

from bad_inputs import PACKINGS, PARAGRAPHS, TITLE, bad_files, good_file, pack, parquet_file, zip_file
from proptag.config import IngestConfig, ScoreConfig
from proptag.errors import SettingsError, UserError
from proptag.ingest import SUFFIXES, Problem, decode, find, from_text, read, read_all
from proptag.ingest.reader import iso_date
from proptag.records import Article
from proptag.score.units import split_inputs
from proptag.segment import sentences
from proptag.settings import build

ENGLISH = IngestConfig()
ANY = IngestConfig(languages="any")
TABLES = (".jsonl", ".csv", ".parquet")
GERMAN = (
    "Das Rathaus bleibt geschlossen, und niemand weiß, wann die Bücherei öffnet. „Das ist ungerecht“, sagte die Stadträtin Größe.\n" * 3
)
RUSSIAN = "Городской совет проголосовал за закрытие библиотеки, и никто не знает, когда она откроется снова.\n" * 3
JAPANESE = "市議会は先週の火曜日、魚市場の隣にある図書館を閉鎖することを決定した。野党の指導者は不公平だと述べた。\n" * 3


@pytest.fixture
def results(tmp_path):
    """Write a file and read it."""

    def of(name, data, config=ANY, source=None):
        path = tmp_path / name
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return list(read_all(path, config, source or name))

    return of


def kinds(results):
    return [r.kind if isinstance(r, Problem) else "article" for r in results]


def sentence_texts(text):
    return [text[start:end] for start, end in sentences(text)]


# formats


@pytest.mark.parametrize(("suffix", "packing"), list(itertools.product(SUFFIXES, PACKINGS)))
def test_every_format_gives_the_same_sentences(results, suffix, packing):
    [article] = results(f"a{suffix}{packing}", pack(good_file(suffix), packing), ENGLISH)
    assert isinstance(article, Article), article
    assert sentence_texts(article.text) == [TITLE, *itertools.chain(*map(sentence_texts, PARAGRAPHS))]
    assert article.title == TITLE
    assert article.id == article.meta["source"] == f"a{suffix}{packing}" + ("#1" if suffix in TABLES else "")
    assert article.meta["sha256"] == hashlib.sha256(article.text.encode()).hexdigest()
    assert article.meta["language"] == "en"
    if suffix != ".txt":
        assert article.meta["author"] == "Ann Body"
    if suffix not in (".txt", ".pdf", ".docx"):
        assert article.meta["date"] == "2024-03-05"
    if suffix == ".html":
        assert (article.meta["outlet"], article.meta["url"]) == ("The Northwick Herald", "https://northwick.example/1")


@pytest.mark.parametrize("suffix", [s for s in SUFFIXES if s not in TABLES])
def test_read_takes_the_formats_of_one_article(tmp_path, suffix):
    for packing in PACKINGS:
        path = tmp_path / f"my.story{suffix}{packing}"
        path.write_bytes(pack(good_file(suffix), packing))
        article = read(path)
        assert (article.id, article.title, article.meta["source"]) == ("my.story", TITLE, str(path))


def test_read_tells_people_what_is_wrong(tmp_path):
    (tmp_path / "a.csv").write_text("text\nx\n")
    (tmp_path / "empty.txt").write_text(" \n")
    (tmp_path / "a.docx").write_text("no Word file")
    for name, words in (
        ("a.csv", "many articles"),
        ("empty.txt", "no text"),
        ("a.docx", "damaged"),
        ("b.txt", "no such file"),
        ("", "not a"),
    ):
        with pytest.raises(UserError, match=words) as caught:
            read(tmp_path / name)
        assert str(caught.value).startswith(str(tmp_path / name))


def test_a_name_without_a_known_suffix_is_text_for_one_and_a_problem_in_a_folder(tmp_path):
    (tmp_path / "story").write_text("A story without a suffix.")
    assert read(tmp_path / "story").text == "A story without a suffix."
    assert kinds(read_all(tmp_path / "story", ANY)) == ["unsupported"]


def test_a_web_page_is_read_without_navigation_comments_and_scripts(results):
    [article] = results("a.html", good_file(".html"))
    assert not [word for word in ("Home", "Sport", "commenter", "Copyright", "track(", "color") if word in article.text]


def test_a_web_page_is_decoded_as_it_declares(results):
    page = good_file(".html").decode().replace('"utf-8"', '"windows-1251"').replace(PARAGRAPHS[0], RUSSIAN.replace("\n", " "))
    [article] = results("a.html", page.encode("windows-1251", "xmlcharrefreplace"))
    assert RUSSIAN.splitlines()[0] in article.text


def test_reading_a_web_page_uses_no_network(results, monkeypatch):
    def refuse(*_args, **_kwargs):
        raise AssertionError("the network was used")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    page = good_file(".html").replace(
        b"<article>", b'<article><img src="http://northwick.example/i.png"><iframe src="http://x.example"></iframe>'
    )
    assert kinds(results("a.html", page)) == ["article"]


def test_external_entities_stay_closed_and_others_are_not_multiplied(results):
    marker = Path(__file__).with_name("conftest.py").resolve()
    page = f'<!DOCTYPE html [<!ENTITY x SYSTEM "file://{marker}">]><html><body><p>&x; {PARAGRAPHS[0]}</p></body></html>'
    [article] = results("a.html", page)
    assert "pytest" not in article.text
    with zipfile.ZipFile(io.BytesIO(good_file(".docx"))) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    head, _, body = parts["word/document.xml"].decode().partition("?>")
    for doctype in (f'<!ENTITY x SYSTEM "file://{marker}">', '<!ENTITY y "haha"><!ENTITY x "&y;&y;&y;&y;">'):
        parts["word/document.xml"] = f"{head}?><!DOCTYPE d [{doctype}]>{body.replace(TITLE, '&x;')}"
        [result] = results("a.docx", zip_file(parts))
        assert isinstance(result, Problem) or not {"pytest", "haha"} & set(result.text.split()), result


def test_word_tables_and_text_boxes_are_read_and_deleted_text_is_not(results):
    with zipfile.ZipFile(io.BytesIO(good_file(".docx"))) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    more = (
        "<w:p><w:r><w:t>Kept</w:t><w:tab/><w:t>text</w:t></w:r><w:del><w:r><w:delText>deleted</w:delText></w:r></w:del>"
        "<w:ins><w:r><w:t> inserted</w:t></w:r></w:ins></w:p>"
        "<w:tbl><w:tr><w:tc><w:p><w:r><w:t>In a cell</w:t></w:r></w:p></w:tc></w:tr></w:tbl>"
    )
    parts["word/document.xml"] = parts["word/document.xml"].decode().replace("<w:body>", f"<w:body>{more}")
    [article] = results("a.docx", zip_file(parts))
    assert article.text.startswith(f"Kept\ttext inserted\n\nIn a cell\n\n{TITLE}")


def pdf_of(lines):
    """Draw (x, y, text) on one page in the given order."""
    out = io.BytesIO()
    canvas = Canvas(out, invariant=True)
    canvas.setFont("Times-Roman", 10)
    for x, y, text in lines:
        canvas.drawString(x, y, text)
    canvas.save()
    return out.getvalue()


@pytest.mark.parametrize("drawn", ["by column", "by row"])
def test_pdf_columns_hyphens_and_paragraphs(results, drawn):
    left = "The council of Northwick voted|last Tuesday to close the har-|bour library for good.|“They have sold our child-"
    left += "|ren’s future,” said Mira Holt."
    right = "Members of the oppo-|sition called it a betrayal of|families. It is due in May.|     Nobody was surprised by the|anti-"
    right += "|Northwick vote, least of all|the anti-Northwick voters."
    columns = [[(x, 700 - 12 * i, t) for i, t in enumerate(part.split("|"))] for x, part in ((50, left), (300, right))]
    lines = columns[0] + columns[1] if drawn == "by column" else [x for pair in itertools.zip_longest(*columns) for x in pair if x]
    [article] = results("a.pdf", pdf_of(lines))
    assert sentence_texts(article.text) == [
        "The council of Northwick voted last Tuesday to close the harbour library for good.",
        "“They have sold our children’s future,” said Mira Holt.",
        "Members of the opposition called it a betrayal of families.",
        "It is due in May.",
        "Nobody was surprised by the anti-Northwick vote, least of all the anti-Northwick voters.",
    ]
    assert "\n\nNobody" in article.text


def test_pdf_headers_and_page_numbers_are_left_out(results):
    out = io.BytesIO()
    canvas = Canvas(out)
    for page in range(3):
        canvas.drawString(50, 800, "The Northwick Herald")
        canvas.drawString(50, 700, f"A first line of the page that is number {page}")
        canvas.drawString(50, 688, "and a second line, which ends a sentence.")
        canvas.drawString(300, 30, f"Page {page + 1} of 3")
        canvas.showPage()
    canvas.save()
    [article] = results("a.pdf", out.getvalue())
    assert sentence_texts(article.text) == [
        f"A first line of the page that is number {page} and a second line, which ends a sentence." for page in range(3)
    ]


@pytest.mark.parametrize("head", ["---\n- a list\n---\n", "---\ntitle: [broken\n---\n", "---\nnothing but lines\n---\n", "---\n---\n"])
def test_what_is_no_yaml_head_stays_text(results, head):
    [article] = results("a.md", head + "The text.\n")
    assert article.text == head + "The text.\n"


def test_of_a_yaml_head_texts_are_kept_and_what_aliases_multiply_is_not(results):
    laughs = "".join(f"a{i + 1}: &a{i + 1} [{', '.join([f'*a{i}'] * 10)}]\n" for i in range(9))
    [article] = results("a.md", f"---\na0: &a0 [ha]\n{laughs}title: *a9\nauthor: *a9\noutlet: [Ann, Body]\nurl: *a0\n---\nThe text.\n")
    assert (article.text, article.title) == ("The text.\n", "")
    assert {name: article.meta.get(name) for name in ("author", "outlet", "url")} == {"author": None, "outlet": "Ann, Body", "url": "ha"}


# tables


def test_rows_are_numbered_and_a_bad_row_costs_only_itself(results):
    lines = [
        '{"text": "One here."}',
        "broken",
        '{"text": 5}',
        "",
        '{"text": "Two here.", "id": 7}',
        '{"body": "no text"}',
        '{"text": "\\ud83d"}',
    ]
    found = results("a.jsonl", "\n".join(lines))
    assert [(r.id if isinstance(r, Article) else r.source) for r in found] == [f"a.jsonl#{n}" for n in (1, 2, 3, 5, 6, 7)]
    assert kinds(found) == ["article", "broken", "broken", "article", "empty", "encoding"]
    assert found[3].meta["id"] == "7"


def test_the_columns_can_be_named(results):
    config = IngestConfig(text_column="body", id_column="key", languages="any")
    for name, data in (
        ("a.jsonl", '{"key": "k", "body": "It is."}'),
        ("a.csv", "key;body\nk;It is.\n"),
        ("a.parquet", parquet_file({"key": ["k"], "body": ["It is."]})),
    ):
        [article] = results(name, data, config)
        assert (article.text, article.meta["id"]) == ("It is.", "k")
        [problem] = results(name, data, ANY)
        assert "text" in problem.reason
        assert "ingest.text_column" in problem.reason


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_csv_with_line_breaks_quotation_marks_and_huge_fields(results, delimiter):
    texts = ['He said "no".\r\nThen, he left; it\'s | done.', "word " * 100_000, "Short."]
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerows([["id", "text"], *enumerate(texts)])
    assert [a.text for a in results("a.csv", out.getvalue())] == [texts[0].replace("\r", ""), *texts[1:]]


def test_a_csv_row_with_too_many_fields_is_told_not_cut(results):
    assert kinds(results("a.csv", "text,id\nWell, this comma is bare,1\nFine,2\n")) == ["broken", "article"]


def test_dates_of_any_type_become_days(results):
    days = [datetime.date(2024, 3, 5), datetime.datetime(2024, 3, 5, 10, 0)]
    for day in days:
        assert results("a.parquet", parquet_file({"text": ["A b."], "date": [day]}))[0].meta["date"] == "2024-03-05"
    assert results("a.jsonl", '{"text": "A b.", "date": 20240305}')[0].meta["date"] == "2024-03-05"
    assert "date" not in results("a.jsonl", '{"text": "A b.", "date": "last week"}')[0].meta


@pytest.mark.parametrize(
    "told",
    ["2024-03-05", "20240305", "2024-03-05T23:59:00-08:00", "2024-03-05 10:00:00.5 UTC", "5 March 2024", "March 5, 2024", "Mar. 5, 2024",
     "05 Mar 2024 10:00", "Tue, 05 Mar 2024 10:00:00 GMT", "Tuesday, March 5, 2024"],
)  # fmt: skip
def test_dates_are_written_in_one_way(told):
    assert iso_date(told) == "2024-03-05"


@pytest.mark.parametrize(
    "told",
    ["05/03/2024", "03-05-2024", "2024-13-05", "2024-02-30", "30 February 2024", "1709632800", "1709632800000", "2024", "2024-W10-2",
     "March 2024", "5 März 2024", "5 March 24", "soon", ""],
)  # fmt: skip
def test_what_is_no_clear_date_is_left_out(told):
    assert iso_date(told) == ""


@given(st.text() | st.from_regex(r"[\d ,.:/+-]*(Mar|May)?[\d ,.:/+-]*") | st.dates().map(str))
def test_a_date_is_a_day_or_nothing(told):
    assert (found := iso_date(told)) == "" or re.fullmatch(r"\d{4}-\d\d(-\d\d)?", found)


def test_rows_come_before_the_file_is_read_to_its_end(tmp_path):
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(pack(b'{"text": "A good row."}\n' * 200_000 + os.urandom(10), ".gz")[:-200])
    found = read_all(path, ANY)
    assert kinds(itertools.islice(found, 1000)) == ["article"] * 1000
    assert kinds(found)[-1] == "broken"


# encodings


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Café owners said the mayor’s “plan” – so far – was naïve. Nobody in the city council agreed with any of it.\n" * 3, "cp1252"),
        ("The café owner said that the plan was naïve. Nobody in the city council agreed with any of it, they said.\n" * 3, "latin-1"),
        ("A piñata at the café: the plan was naïve.\n", "utf-16"), ("A plan of the city council.\n", "utf-16-le"),
        ("A plan.\n" * 9, "utf-32"), ("“A plan,” said the mayor’s office – “for all of us here.”\n" * 3, "mac-roman"),
        (GERMAN.replace("„", '"').replace("“", '"'), "latin-1"), (GERMAN, "cp1252"), (GERMAN, "utf-16"), (GERMAN, "utf-16-be"),
        (RUSSIAN, "cp1251"), (RUSSIAN, "koi8-r"), (JAPANESE, "shift-jis"), (JAPANESE, "euc-jp"),
    ],
)  # fmt: skip
def test_encodings(results, text, encoding):
    assert results("a.txt", text.encode(encoding))[0].text == text
    if encoding not in ("koi8-r", "cp1251"):  # what is guessed is no longer right with the ASCII of JSON around it
        rows = json.dumps({"text": text}, ensure_ascii=False)
        assert results("a.jsonl", rows.encode(encoding))[0].text == text


def test_a_wrong_byte_in_utf8_costs_one_character(results):
    text = "“Café,” she said – “naïve” – and ‘left’ the “room” – for ‘good’."
    assert results("a.txt", text.encode() + b"\x93")[0].text == text + "\ufffd"


def test_text_that_was_decoded_wrongly_is_repaired(results):
    text = "“They have sold our children’s future, said Zoë Müller – a naïve café owner…\nAnd this line’s fine."
    wrong = text.encode().decode("cp1252")
    for name, data in (("a.txt", wrong), ("a.jsonl", json.dumps({"text": wrong}))):
        assert results(name, data)[0].text == text


def test_a_repair_changes_nothing_else(results):
    wrong, right = "the mayorâ€™s plan", "the mayor’s plan"
    rest = " – “his” ‘own’, &lt;b&gt; &eacute;, ﬁne, ＦＵＬＬ, e\u0301, \x1b[0m, \x07, \u2028, \x85, soft\u00adhyphen, \u00a0"
    assert results("a.txt", wrong + rest)[0].text == right + rest


FINE = st.text(
    st.one_of(
        st.sampled_from("aé“”’‘–… \n\u00a0\u00adﬁ＆Ａ\ufeff&lt;\x1b[0m"),
        st.characters(exclude_categories=("Cs",), exclude_characters="\0\r"),
    )
)


@given(FINE)
def test_text_that_is_fine_passes_byte_for_byte(text):
    from proptag.ingest.text import _GARBLED

    if any(map(str.isalnum, text)) and not _GARBLED.search(text):
        assert decode(text.encode(), "x") == text
        assert from_text(text, "x", "x").text == text


def test_the_corpus_passes_byte_for_byte(ptc_articles):
    for path in sorted(ptc_articles.glob("*.txt")):
        assert [a.text for a in read_all(path, ENGLISH)] == [path.read_bytes().decode()]


# languages


def test_other_languages_are_told_or_scored_as_the_setting_says(results):
    [problem] = results("a.txt", GERMAN, ENGLISH)
    assert (problem.kind, "'de'" in problem.reason) == ("language", True)
    for config in (IngestConfig(languages="en,de"), IngestConfig(other_languages="score")):
        assert results("a.txt", GERMAN, config)[0].meta["language"] == "de"
    assert "language" not in results("a.txt", GERMAN, ANY)[0].meta
    assert kinds(results("a.txt", RUSSIAN, ENGLISH) + results("b.txt", JAPANESE, ENGLISH)) == ["language"] * 2


def test_a_short_text_is_taken_as_in_the_language(results):
    assert kinds(results("a.txt", "Das Rathaus bleibt zu.", ENGLISH)) == ["article"]


def test_wrong_language_codes_are_settings_errors():
    for wrong in ("english", "de_DE", ""):
        with pytest.raises(SettingsError, match=r"ingest\.languages"):
            build(ScoreConfig, {"model": "m", "input": "i", "output": "o", "ingest": {"languages": wrong}})


# bad files


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("a.txt", b"", "empty"), ("a.txt", b" \n...\n", "empty"), ("a.txt", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "binary"),
        ("a.txt", random.Random(1).randbytes(3000), "binary"), ("a.txt", good_file(".pdf"), "binary"),
        ("a.txt", good_file(".html"), "unsupported"),
        ("a.html", b"<html><body></body></html>", "empty"), ("a.html", b"<div>" * 100_000 + b"text", "empty"),
        ("a.pdf", b"%PDF-1.4", "broken"), ("a.pdf", pdf_of([]), "empty"), ("a.docx", b"PK\3\4", "broken"),
        ("a.docx", b"\xd0\xcf\x11\xe0" + bytes(600), "encrypted"), ("a.parquet", b"PAR1PAR1", "broken"), ("a.jsonl", b"{", "broken"),
        ("a.jsonl", b"[" * 100_000, "broken"), ("a.csv", b'text\n"never closed', "broken"), ("a.csv", b"text\n", "empty"),
        ("a.txt.gz", b"not packed", "broken"), ("a.txt.zst", b"not packed", "broken"),
        ("a.txt.gz", pack(b"A text.", ".gz")[:-9], "broken"),
        ("a.txt.zst", pack(b"A text that is cut off." * 99, ".zst")[:-9], "broken"), ("a.exe", b"MZ", "unsupported"),
        ("a.jsonl", b'{"text": "ab\\u0000c"}', "binary"), ("a.parquet", parquet_file({"text": [1]}), "broken"),
    ],
)  # fmt: skip
def test_bad_files_have_a_kind_and_words(results, name, data, kind):
    [problem] = results(name, data)
    assert (problem.kind, problem.source.partition("#")[0]) == (kind, name)
    assert len(problem.reason) > 10


def test_sizes_are_limited_before_and_while_unpacking(results):
    small = IngestConfig(languages="any", max_bytes=100_000)
    zeros = b"word " * 1_000_000
    for packing in PACKINGS:
        for suffix in (".txt", ".html", ".pdf", ".docx"):
            assert kinds(results(f"a{suffix}{packing}", pack(zeros, packing), small)) == ["too_large"]
        rows = b'{"text": "Fine."}\n{"text": "' + zeros + b'"}\n{"text": "Fine."}\n'
        assert kinds(results(f"a.jsonl{packing}", pack(rows, packing), small)) == ["article", "too_large", "article"]
        table = b'text\nFine.\n"' + zeros + b'"\nFine.\n'
        assert kinds(results(f"a.csv{packing}", pack(table, packing), small)) == ["article", "too_large", "article"]
    assert kinds(results("a.docx", zip_file({"word/document.xml": zeros}), small)) == ["too_large"]
    assert kinds(results("a.parquet", parquet_file({"text": ["Fine.", "x" * 200_000]}), small)) == ["article", "too_large"]


def test_memory_stays_small_with_files_that_unpack_to_much(tmp_path):
    """A quarter of a gigabyte in each, read with the memory that the libraries need and little more."""
    if not Path("/proc/self/status").exists():
        pytest.skip("the memory of a process is looked up in /proc")
    for packing in (".gz", ".zst"):
        block = pack(bytes(64 << 20), packing)
        for suffix in (".txt", ".jsonl", ".csv"):
            (tmp_path / f"a{suffix}{packing}").write_bytes((pack(b"text\n", packing) if suffix == ".csv" else b"") + block * 4)
    (tmp_path / "a.parquet").write_bytes(parquet_file({"text": ["x" * 20_000_000] * 48}))
    code = (
        "import re, sys; from pathlib import Path; from proptag.ingest import read_all; from proptag.config import IngestConfig\n"
        "config = IngestConfig(languages='any', max_bytes=1_000_000)\n"
        "kinds = [r.kind for p in sorted(Path(sys.argv[1]).iterdir()) for r in read_all(p, config)]\n"
        "peak = int(re.search(r'VmHWM:\\s*(\\d+) kB', Path('/proc/self/status').read_text())[1])\n"
        "print(len(kinds), set(kinds), peak < 300_000 or peak)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "54 {'too_large'} True"


def test_hundreds_of_bad_files_give_articles_or_problems_and_leave_nothing(tmp_path, capfd):
    threads = threading.active_count()
    for name, data in itertools.islice(bad_files(random.Random(5)), 700):
        path = tmp_path / name
        path.write_bytes(data)
        found = list(read_all(path, ENGLISH, name))
        assert found, name
        assert {type(r) for r in found} <= {Article, Problem}
        assert all((r.id if isinstance(r, Article) else r.source).partition("#")[0] == name for r in found)
        for r in found:
            (json.dumps(r.meta) + r.title + r.text if isinstance(r, Article) else r.reason).encode()
        path.unlink()
    assert list(tmp_path.iterdir()) == []
    assert threading.active_count() == threads
    assert capfd.readouterr() == ("", "")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=300), st.sampled_from(SUFFIXES), st.sampled_from(PACKINGS), st.booleans())
def test_arbitrary_bytes_under_every_suffix(tmp_path, data, suffix, packing, really_packed):
    path = tmp_path / f"a{suffix}{packing}"
    path.write_bytes(pack(data, packing) if really_packed else data)
    found = list(read_all(path, ENGLISH))
    assert found
    assert {type(r) for r in found} <= {Article, Problem}


def test_bad_inputs_are_many_and_repeatable():
    first, again = (list(itertools.islice(bad_files(random.Random(3)), 1500)) for _ in range(2))
    assert first == again
    assert len({name for name, _ in first}) == 1500
    assert len({data for _, data in first[400:]}) > 1080


def test_without_the_extra_text_is_read_and_the_rest_says_what_to_install(tmp_path):
    """In a process in which none of the libraries of the extra can be imported."""
    for suffix in SUFFIXES:
        (tmp_path / f"a{suffix}").write_bytes(good_file(suffix))
    (tmp_path / "old.txt").write_bytes(RUSSIAN.encode("cp1251"))
    (tmp_path / "garbled.txt").write_text("the mayorâ€™s plan")
    code = (
        "import sys; from pathlib import Path\n"
        "for name in 'trafilatura pypdfium2 docx charset_normalizer ftfy py3langid pyarrow'.split(): sys.modules[name] = None\n"
        "from proptag.ingest import read_all, read, Problem; from proptag.config import IngestConfig\n"
        "for path in sorted(Path(sys.argv[1]).iterdir()):\n"
        "    for r in read_all(path, IngestConfig(languages='any')):\n"
        "        said = r.kind + ' hint' * ('pip install' in r.reason) if isinstance(r, Problem) else r.meta['sha256']\n"
        "        print(path.name, said)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    said = dict(line.split(" ", 1) for line in done.stdout.splitlines())
    readable = {name: read(tmp_path / name).meta["sha256"] for name in ("a.txt", "a.md")}
    rest = dict.fromkeys(("a.html", "a.htm", "a.pdf", "a.docx", "a.parquet", "old.txt", "garbled.txt"), "not_installed hint")
    assert {k: v for k, v in said.items() if k in readable | rest} == readable | rest
    assert {"a.jsonl", "a.csv"} <= said.keys()
    assert "not_installed" not in said["a.jsonl"] + said["a.csv"]


# finding


@pytest.fixture
def tree(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = "b.txt sub/deep/a.PDF sub/c.jsonl.gz .hidden/x.txt .x.txt ~$d.docx d.docx e.png out/y.txt [1].txt ../other/b.txt"
    for name in (f"in/{name}" for name in names.split()):
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("text")
    return tmp_path


def found(inputs, exclude=None):
    return [p.as_posix() for p in find(inputs, exclude)]


def test_folders_are_searched_in_depth_and_order(tree):
    assert found(["in"], Path("in/out")) == ["in/[1].txt", "in/b.txt", "in/d.docx", "in/sub/c.jsonl.gz", "in/sub/deep/a.PDF"]
    assert found([str(tree / "other")]) == [str(tree / "other" / "b.txt")]


@pytest.mark.usefixtures("tree")
def test_globs_lists_and_files_give_each_file_once():
    Path("list.txt").write_text("in/b.txt\n\n  other  \nin/*.txt\n")
    assert found(["@list.txt", "./in/b.txt", "in/../in/b.txt"]) == ["in/[1].txt", "in/b.txt", "other/b.txt"]
    assert found(["in/**/*"]) == ["in/[1].txt", "in/b.txt", "in/d.docx", "in/out/y.txt", "in/sub/c.jsonl.gz", "in/sub/deep/a.PDF"]
    assert found(["in/s*"]) == ["in/sub/c.jsonl.gz", "in/sub/deep/a.PDF"]
    assert found(["in/[1].txt"]) == ["in/[1].txt"]
    assert found(["in/e.png"]) == ["in/e.png"]  # named by a person, so that reading it says why not


@pytest.mark.usefixtures("tree")
def test_inputs_that_are_not_there_are_told():
    Path("list.txt").write_text("in\nmissing.txt\n")
    Path("empty").mkdir()
    for inputs, words in ((["no"], "no: no such"), (["in/*.csv"], "nothing matches"), (["@list.txt"], r"list\.txt:2: missing\.txt"),
                          (["@no.txt"], r"no\.txt: the list"), (["empty"], "no files in it"), (["in/*.png"], "nothing")):  # fmt: skip
        with pytest.raises(UserError, match=words):
            find(inputs, None)


def test_what_cannot_be_read_is_found_and_told(tree):
    for name, target in (("in/gone.txt", "nowhere"), ("in/loop.txt", "loop.txt"), ("in/link.txt", "b.txt"), ("in/linked", "../other")):
        Path(name).symlink_to(target)
    os.mkfifo("in/pipe.txt")
    paths = found(["in"], tree / "in" / "out")
    assert {"in/gone.txt", "in/link.txt", "in/loop.txt"} < set(paths)
    assert not any("linked" in path or "pipe" in path for path in paths)
    for name in ("gone", "loop"):
        assert kinds(read_all(Path(f"in/{name}.txt"), ANY)) == ["unreadable"]
        assert found([f"in/{name[:2]}*.txt"]) == [f"in/{name}.txt"]


@pytest.mark.usefixtures("tree")
def test_a_folder_that_cannot_be_listed_ends_the_search(monkeypatch):
    real = os.scandir

    def scandir(path):
        if Path(path).name == "deep":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(UserError, match=r"in/sub/deep: the folder cannot be listed \(Permission denied\)"):
        found(["in"])


@pytest.mark.skipif(os.getuid() == 0, reason="nothing is forbidden to root")
@pytest.mark.usefixtures("tree")
def test_files_in_a_folder_that_may_be_listed_but_not_entered_are_problems():
    Path("in/out").chmod(0o400)
    try:
        assert "in/out/y.txt" in found(["in"])
        assert kinds(read_all(Path("in/out/y.txt"), ANY)) == ["unreadable"]
    finally:
        Path("in/out").chmod(0o700)


@pytest.mark.usefixtures("tree")
def test_long_inputs_are_split_and_told():
    names = [f"in/{number}-{'x' * 100}.txt" for number in range(60)]
    for name in names:
        Path(name).write_text("text")
    assert sorted(found(split_inputs(", ".join(names)))) == sorted(names)
    with pytest.raises(UserError, match="no such file or folder"):
        find(["x" * 5000])


@pytest.mark.usefixtures("tree")
def test_special_files_are_not_opened():
    os.mkfifo("pipe.txt")
    assert kinds(read_all(Path("pipe.txt"), ANY)) == ["unreadable"]
    with pytest.raises(UserError, match="neither a file nor a folder"):
        find(["pipe.txt"], None)
