"""The check of the seed articles as Markdown tables."""

from collections.abc import Callable, Iterable, Sequence

from proptag import taxonomy
from proptag.seed_check.agreement import ANY, Pairs
from proptag.seed_check.rules import REPORTED, SeedCheck
from proptag.seed_check.shape import Shape, length_of_spans, shape

_SHAPE: tuple[tuple[str, Callable[[Shape], str]], ...] = (
    ("words in a plain sentence, mean", lambda s: f"{s.plain_words:.1f}"),
    ("words in a technique sentence, mean", lambda s: f"{s.technique_words:.1f}"),
    ("technique sentences with several spans", lambda s: f"{s.several_spans:.1%}"),
    ("technique sentences covered by spans to nine tenths", lambda s: f"{s.covered:.1%}"),
    ("with a technique: first, middle, last sentence of a paragraph", lambda s: ", ".join(f"{share:.1%}" for share in s.paragraph)),
    ("plain sentences in a row, mean", lambda s: f"{s.plain_run:.1f}"),
    ("ending in ?: technique, plain sentences", lambda s: f"{s.marks[0]:.1%}, {s.marks[1]:.1%}"),
    ("ending in !: technique, plain sentences", lambda s: f"{s.marks[2]:.1%}, {s.marks[3]:.1%}"),
)


def markdown(check: SeedCheck) -> str:
    """Return every count of the check as Markdown."""
    sections = [_counts(check), _techniques(check), _classes(check), _shapes(check), _agreement(check), _ngrams(check)]
    return "\n".join(
        ["# The seed articles in figures", "", "Written by `python scripts/check_seeds.py output=docs/seeds-figures.md`.", *sections]
    )


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; the first column is text, the others are numbers."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines) + "\n"


def _counts(check: SeedCheck) -> str:
    spans, sentences = check.density
    rows = (
        ("articles", str(len(check.articles))),
        ("sentences", str(len(check.sentences))),
        ("spans", str(check.spans.total())),
        ("sentences without a technique", f"{check.plain_share:.1%}"),
        ("propagandistic pieces", str(len(check.propagandistic))),
        ("spans in one, mean", f"{spans:.1f}"),
        ("sentences in one, mean", f"{sentences:.1f}"),
    )
    return "\n## Counts\n\n" + table(("what", "number"), rows)


def _techniques(check: SeedCheck) -> str:
    lengths = length_of_spans(check.articles)
    rows = ((n, str(check.spans[n]), str(check.with_technique[n]), f"{lengths.get(n, 0):g}") for n in taxonomy.load().names)
    return "\n## Techniques\n\n" + table(("technique", "spans", "articles", "words, median"), rows)


def _classes(check: SeedCheck) -> str:
    parts = ["\n## Classes of articles\n"]
    for key in ("topic", "genre", "register"):
        rows = ((name or "none", str(count)) for name, count in check.by_class(key).most_common())
        parts.append(table((key, "articles"), rows))
    return "\n".join(parts)


def _shapes(check: SeedCheck) -> str:
    ids = {article.id for article in check.propagandistic}
    plain = [article for article in check.articles if article.id not in ids]
    groups: dict[str, Shape] = {}
    for name, articles in (("propagandistic pieces", check.propagandistic), ("plain reports", plain)):
        if any(a.spans for a in articles):
            groups[name] = shape(articles)
    rows = ((what, *(show(group) for group in groups.values())) for what, show in _SHAPE)
    return "\n## Where the techniques stand\n\n" + table(("what", *groups), rows)


def _agreement(check: SeedCheck) -> str:
    found = check.agreement
    if found is None:
        return "\n## Agreement\n\nThere are no second annotations.\n"
    rows = [_row(ANY, found.sentences.get(ANY, Pairs()), None), _row("all techniques (micro)", found.micro, found.exact)]
    rows += [_row(n, found.sentences.get(n, Pairs()), found.spans.get(n, Pairs())) for n in taxonomy.load().names]
    head = ("technique", "both", "only first", "only second", "F1 of sentences", "F1 of exact spans")
    return f"\n## Agreement on {found.articles} articles annotated twice\n\n" + table(head, rows)


def _row(name: str, sentences: Pairs, spans: Pairs | None) -> tuple[str, ...]:
    counts = (str(sentences.both), str(sentences.first), str(sentences.second))
    return (name, *counts, f"{sentences.f1:.2f}", f"{spans.f1:.2f}" if spans else "")


def _ngrams(check: SeedCheck) -> str:
    lines = [
        f"\n## The {REPORTED} n-grams that speak most for each technique\n",
        "Log-odds with an informative Dirichlet prior (Monroe, Colaresi and Quinn 2008); in brackets the articles that have the words in a",
        "sentence with the technique, then how many sentences with and without it have them.\n",
    ]
    for name, found in check.ngrams.items():
        words = ", ".join(f"{n.words} ({n.articles}; {n.inside}/{n.outside})" for n in found[:REPORTED])
        lines.append(f"**{name}**: {words}\n")
    return "\n".join(lines)
