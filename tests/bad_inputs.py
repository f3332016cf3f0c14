"""Good files of every format, and bad ones: those that newsrooms have by accident, and those that somebody made to do harm."""

import functools
import gzip
import io
import itertools
import json
import random
import zipfile
import zlib
from collections.abc import Iterator
from html import escape

import docx
import pyarrow as pa
import pyarrow.parquet as pq
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import Paragraph, SimpleDocTemplate

from proptag.ingest import SUFFIXES

TITLE = "Harbour library to close"
PARAGRAPHS = (
    "The council of Northwick voted last Tuesday to close the harbour library, a well-known building beside the fish market.",
    "“They have sold our children’s future,” said Mira Holt, who leads the opposition. Residents will gather on Saturday.",
    "The mayor rejected the criticism. Nobody, she said, would lose access to books, and the savings would pay for a new school.",
)
PACKINGS = ("", ".gz", ".zst")
_BOMB = 64 << 20  # bytes, more than ingest.max_bytes


def good_file(suffix: str) -> bytes:
    """Make a file of a format with one article: the title, the paragraphs, who wrote it and when where the format has a place for it."""
    text = "\n\n".join((TITLE, *PARAGRAPHS)) + "\n"
    row = {"id": "n-1", "text": text, "title": TITLE, "author": "Ann Body", "date": "2024-03-05", "url": "https://northwick.example/1"}
    page = _page("".join(f"<p>{escape(p)}</p>" for p in PARAGRAPHS)).encode()
    quoted = ('"' + value.replace('"', '""') + '"' for value in row.values())
    makers = {
        ".txt": text.encode,
        ".md": f"---\ntitle: {TITLE}\nauthor: Ann Body\ndate: 2024-03-05\n---\n{text}".encode,
        ".html": lambda: page,
        ".htm": lambda: page,
        ".pdf": _pdf,
        ".docx": _docx,
        ".jsonl": f"{json.dumps(row)}\n".encode,
        ".csv": f"{','.join(row)}\n{','.join(quoted)}\n".encode,
        ".parquet": lambda: parquet_file({name: [value] for name, value in row.items()}),
    }
    return makers[suffix]()


def pack(data: bytes, packing: str) -> bytes:
    """Pack bytes for ``.gz`` or ``.zst``; an empty packing leaves them."""
    if packing == ".gz":
        return gzip.compress(data, mtime=0)
    return pa.Codec("zstd").compress(data, asbytes=True) if packing == ".zst" else data


def parquet_file(columns: dict[str, list]) -> bytes:
    """Make a Parquet file."""
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out)
    return out.getvalue()


def zip_file(entries: dict[str, bytes | str]) -> bytes:
    """Make a ZIP archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def bad_files(rng: random.Random) -> Iterator[tuple[str, bytes]]:
    """Yield names and contents without end: first every known kind of bad file, then damaged, mixed and random ones.

    All names differ. Some can be read, in part or in whole; none may end a run. Equal seeds give equal files.
    """
    for number, (suffix, data) in enumerate(itertools.chain(_known(), _damaged(rng))):
        yield f"{number:06}{suffix}", data


def _known() -> Iterator[tuple[str, bytes]]:
    for suffix, packing in itertools.product(SUFFIXES, PACKINGS):
        yield suffix + packing, b""
        yield suffix + packing, pack(b"", packing)
        yield suffix + packing, pack(b" \n\t\n", packing)
        yield suffix + packing, pack(b"\0" * 1000, packing)
        yield suffix + packing, good_file(suffix) if packing else good_file(suffix)[:-20]  # not packed as its name says, or cut off
    for suffix, other in itertools.permutations(SUFFIXES, 2):
        yield suffix, good_file(other)
    for packing, suffix in itertools.product(PACKINGS[1:], SUFFIXES):
        yield suffix + packing, _bomb(packing)
    yield from ((".txt", data) for data in _texts())
    yield from ((".md", text.encode()) for text in _markdown())
    yield from ((".html", page.encode("utf-8", "surrogatepass")) for page in _pages())
    yield from ((".jsonl", line.encode()) for line in _json_lines())
    yield from ((".csv", table.encode()) for table in _csv_tables())
    yield from ((".docx", archive) for archive in _archives())
    yield from ((".pdf", document) for document in _pdfs())
    yield ".parquet", parquet_file({"body": ["no column of the right name"]})
    yield ".parquet", parquet_file({"text": [1, 2, 3]})
    yield ".parquet", parquet_file({"text": [None, "", "ab\0cd", "\ufffe"]})
    yield ".parquet", parquet_file({"text": [{"a": "nested"}]})
    yield ".parquet", parquet_file({"text": ["x" * 200_000] * 1000})  # small as a file, 200 megabytes in memory
    yield ".doc", b"\xd0\xcf\x11\xe0"
    yield "", b"a name without a suffix"


def _texts() -> Iterator[bytes]:
    yield from (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"\x7fELF\2\1\1\0", b"GIF89a\1\0\1\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\xff" * 500)
    yield from (TITLE.encode("utf-16")[:-1], "Café à côté\n".encode()[:-3], "Żółć – Größe".encode("cp1250", "replace"))
    yield from ("\ud800 half a character".encode("utf-8", "surrogatepass"), b"--- no end of lines ---" * 50_000, b"!?. ,;\n" * 1000)
    yield "Das Rathaus bleibt geschlossen, und niemand weiß, wann die Bücherei wieder öffnen wird, sagte die Stadträtin.".encode("cp1252")
    yield "市議会は先週の火曜日、魚市場の隣にある図書館を閉鎖することを決定した。野党の指導者は批判した。".encode("shift-jis")
    yield "Городской совет проголосовал за закрытие библиотеки, и никто не знает, когда она откроется снова.".encode("koi8-r")
    yield "\n".join(PARAGRAPHS).encode().decode("cp1252", "ignore").encode()  # decoded wrongly once


def _markdown() -> Iterator[str]:
    laughs = "".join(f"a{i + 1}: &a{i + 1} [{', '.join([f'*a{i}'] * 10)}]\n" for i in range(9))
    for key in ("title", "author"):
        yield f"---\na0: &a0 [ha]\n{laughs}{key}: *a9\n---\n{PARAGRAPHS[0]}\n"
    yield f"---\ntitle: &a [*a, *a]\nauthor: {{*a : *a}}\ndate: &d {{d: *d}}\n---\n{PARAGRAPHS[0]}\n"


def _pages() -> Iterator[str]:
    first = PARAGRAPHS[0]
    yield from ("<html></html>", "<", "<" * 100_000, "<p" * 20_000, "&" * 100_000, "<script>alert(1)</script>", f"<style>{first}</style>")
    yield "<div>" * 100_000 + first
    yield f"<p {'a=b ' * 100_000}>{first}</p>"
    yield f'<p title="{"x" * 2_000_000}">{first}</p>'
    yield "<table><tr><td>" * 2000 + first
    entities = "".join(f'<!ENTITY a{i + 1} "{f"&a{i};" * 10}">' for i in range(9))
    yield f'<!DOCTYPE html [<!ENTITY a0 "ha">{entities}]><html><body><p>&a9; {first}</p></body></html>'
    yield f'<!DOCTYPE html [<!ENTITY x SYSTEM "file:///etc/hostname">]><html><body><p>&x; {first}</p></body></html>'
    yield f'<?xml version="1.0" encoding="utf-16"?><html><meta charset="no-such"><body><p>{first}\ud800</p></body></html>'


def _json_lines() -> Iterator[str]:
    yield from ("{", "[]", "null", "5", '"text"', "{}", '{"text": null}', '{"text": 5}', '{"text": ""}', '{"text": ["a"]}', "NaN")
    yield from (
        '{"text": "half \\ud83d of a character"}',
        '{"text": "NUL \\u0000 inside"}',
        "[" * 100_000,
        '{"text": ' + "9" * 10_000 + "}",
    )
    yield from ("{'text': 'single quotes'}", '{"text": "cut', '{"text": "two"} {"text": "objects"}', '{"a": ' * 50_000, "\ufeff{}\n\n\n{")
    yield '{"text": "' + TITLE + '", "title": {"a": 1}, "date": "soon", "author": "\\ud800", "id": [1]}'


def _csv_tables() -> Iterator[str]:
    yield from ("a,b\n1,2\n", "text\n", "text,id\nonly one field\n", 'text,id\n"never closed,1\nnext,2\n', "text,id\na,b,c,d\n")
    yield from ("text\n\0\n", 'text\n"a"b"c"\n', "text\n" + "x" * 300_000 + "\n", "," * 50_000, 'text\n"' + '\n","' * 10_000, '"text\n')


def _archives() -> Iterator[bytes]:
    good = good_file(".docx")
    with zipfile.ZipFile(io.BytesIO(good)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    main = parts["word/document.xml"].decode()
    head, _, body = main.partition("?>")
    entities = "".join(f'<!ENTITY a{i + 1} "{f"&a{i};" * 10}">' for i in range(9))
    laughing = f'{head}?><!DOCTYPE d [<!ENTITY a0 "ha">{entities}]>{body.replace(TITLE, "&a9;")}'
    foreign = f'{head}?><!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/hostname">]>{body.replace(TITLE, "&x;")}'
    deep = main.replace("<w:body>", "<w:body>" + "<w:sdt>" * 5000)
    yield from (zip_file(parts | {"word/document.xml": content}) for content in (laughing, foreign, deep, "", "<a/>", main[:-50]))
    yield zip_file({name: content for name, content in parts.items() if name != "word/document.xml"})
    yield zip_file({name: content for name, content in parts.items() if name != "[Content_Types].xml"})
    yield from (zip_file({}), zip_file({"a.txt": "no Word file"}), b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    yield zip_file(parts | {"word/media/bomb.png": bytes(_BOMB)})
    yield good.replace(zlib.crc32(main.encode()).to_bytes(4, "little"), b"\1\2\3\4")


def _pdfs() -> Iterator[bytes]:
    good = good_file(".pdf")
    yield from (good[: len(good) // 2], good.replace(b"/Count 1", b"/Count 99999999"), good.replace(b"/Kids", b"/Kinds"))
    yield good.replace(b"/Length", b"/Lenght")
    yield _pdf(encrypt="secret")
    yield (
        b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[2 0 R 2 0 R]/Count 2>>endobj\n"
        b"trailer<</Root 1 0 R>>\n%%EOF"
    )  # a page tree that contains itself


def _damaged(rng: random.Random) -> Iterator[tuple[str, bytes]]:
    good = {suffix: good_file(suffix) for suffix in SUFFIXES}
    while True:
        suffix, packing = rng.choice(SUFFIXES), rng.choice((*PACKINGS, ""))
        data, other = good[suffix], good[rng.choice(SUFFIXES)]
        within = rng.random() < 0.5
        data = data if within else pack(data, packing)
        at, length = rng.randrange(len(data)), rng.randrange(1, 200)
        match rng.randrange(6):
            case 0:
                data = data[:at]
            case 1:
                data = data[:at] + data[at + length :]
            case 2:
                data = data[:at] + rng.randbytes(length) + data[at + length :]
            case 3:
                changed = bytearray(data)
                for _ in range(rng.randrange(1, 30)):
                    changed[rng.randrange(len(changed))] = rng.randrange(256)
                data = bytes(changed)
            case 4:
                data = data[:at] + other[rng.randrange(len(other)) :]
            case _:
                data = rng.randbytes(rng.randrange(1, 5000))
        yield suffix + packing, pack(data, packing) if within else data


@functools.cache
def _bomb(packing: str) -> bytes:
    return pack(bytes(_BOMB), packing)


def _page(body: str) -> str:
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{TITLE} | The Northwick Herald</title>'
        f'<meta property="og:title" content="{TITLE}"><meta property="og:site_name" content="The Northwick Herald">'
        '<meta name="author" content="Ann Body"><meta property="article:published_time" content="2024-03-05T10:00:00Z">'
        '<link rel="canonical" href="https://northwick.example/1"><style>p { color: red }</style></head><body>'
        '<nav><ul><li><a href="/">Home</a></li><li><a href="/sport">Sport</a></li></ul></nav>'
        f'<article><h1>{TITLE}</h1>{body}<script>track("reader")</script></article>'
        '<div id="comments" class="comments"><p>A commenter writes that he hates this so much.</p></div>'
        "<footer>Copyright of the Herald</footer></body></html>"
    )


@functools.cache
def _pdf(encrypt: str | None = None) -> bytes:
    out, styles = io.BytesIO(), getSampleStyleSheet()
    document = SimpleDocTemplate(out, title=TITLE, author="Ann Body", encrypt=encrypt, invariant=True)
    document.build([Paragraph(TITLE, styles["Title"]), *(Paragraph(escape(p), styles["BodyText"]) for p in PARAGRAPHS)])
    return out.getvalue()


@functools.cache
def _docx() -> bytes:
    out, document = io.BytesIO(), docx.Document()
    document.core_properties.author = "Ann Body"
    document.add_heading(TITLE, 0)
    for paragraph in PARAGRAPHS:
        document.add_paragraph(paragraph)
    document.save(out)
    with zipfile.ZipFile(out) as archive:  # again, without the time
        return zip_file({name: archive.read(name) for name in archive.namelist()})
