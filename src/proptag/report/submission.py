"""A tagged article as rows of a submission to SemEval-2020 Task 11; its id is that of the file name ``article<ID>.txt``."""

from proptag.labels import LabelSet, marked
from proptag.records import Article, TaggedArticle


def render(tagged: TaggedArticle, _article: Article) -> str:
    """Return the rows ``id, technique, start, end`` of the 14 labels, separated by tabs; other techniques are left out."""
    spans = LabelSet.of("semeval2020").found(tagged)
    return "".join(f"{tagged.id}\t{span.technique}\t{span.start}\t{span.end}\n" for span in spans)


def render_si(tagged: TaggedArticle, _article: Article) -> str:
    """Return the rows ``id, start, end`` of span identification, separated by tabs; spans of any technique, merged where they overlap."""
    return "".join(f"{tagged.id}\t{start}\t{end}\n" for start, end in marked(tagged))
