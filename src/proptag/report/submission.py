"""A tagged article as rows of a submission to SemEval-2020 Task 11; its id is that of the file name ``article<ID>.txt``."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from proptag.corpora.faults import Faults
from proptag.corpora.ptc import article_files
from proptag.corpora.rows import make_span, read_rows, read_text
from proptag.errors import UserError
from proptag.labels import LabelSet, marked
from proptag.records import Article, TaggedArticle

if TYPE_CHECKING:
    from proptag.predict import Tagger


def read_articles(path: Path) -> list[Article]:
    """Return the articles of a folder of ``article<ID>.txt``, or of one such file, with the digits as id and offsets as the corpora count.

    CRLF line ends, which the offsets count as one character, are told on standard error. Raises ``UserError`` if there is none, or one is
    not a text.
    """
    files = article_files(path if path.is_dir() else path.parent)
    files = files if path.is_dir() else {name: file for name, file in files.items() if file.name == path.name}
    if not files:
        problem = (
            "no article<ID>.txt there"
            if path.is_dir()
            else "a submission needs a file article<ID>.txt"
            if path.exists()
            else "no such file"
        )
        raise UserError(f"{path}: {problem}; the digits of ID are the article's id")
    faults = Faults()
    articles = [Article(name, read_text(file, faults), meta={"source": str(file)}) for name, file in files.items()]
    for line in faults.report():
        print(line, file=sys.stderr)
    return articles


def render(tagged: TaggedArticle, _article: Article) -> str:
    """Return the rows ``id, technique, start, end`` of the 14 labels, separated by tabs; other techniques are left out."""
    spans = LabelSet.of("semeval2020").found(tagged)
    return "".join(f"{tagged.id}\t{span.technique}\t{span.start}\t{span.end}\n" for span in spans)


def render_si(tagged: TaggedArticle, _article: Article) -> str:
    """Return the rows ``id, start, end`` of span identification, separated by tabs; spans of the 14 labels, merged where they overlap."""
    return "".join(f"{tagged.id}\t{start}\t{end}\n" for start, end in marked(tagged, LabelSet.of("semeval2020")))


def fill_fragments(template: Path, articles: Sequence[Article], tagger: "Tagger") -> str:
    """Return the rows ``id, technique, start, end`` of a template of the task TC with the labels that the model gives to their fragments.

    What a row has for technique, ``?`` in the published templates, does not matter; a fragment that stands k times gets its k best
    labels. Raises ``UserError`` for a wrong row, or one of an article that is not there.
    """
    from proptag.predict import best_labels

    labels, faults, texts = LabelSet.of("semeval2020"), Faults(), {article.id: article for article in articles}
    fragments: dict[str, list[tuple[int, int]]] = {}
    for row in read_rows(template, "id, technique, start, end", faults):
        name, _, start, end = (field.strip() for field in row.fields)
        if name not in texts:
            raise UserError(f"{row.where}: there is no article {name!r} in the input")
        if span := make_span((start, end), "any", texts[name].text, row.where, faults):
            fragments.setdefault(name, []).append((span.start, span.end))
    rows = []
    for name, extents in fragments.items():
        rankings = dict(zip(extents, tagger.classify(texts[name], extents, labels), strict=True))
        rows += [f"{name}\t{span.technique}\t{span.start}\t{span.end}\n" for span in best_labels(extents, rankings)]
    return "".join(rows)
