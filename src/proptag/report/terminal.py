"""A tagged article in colours for the terminal; plain text where colours cannot be shown."""

from io import StringIO

from rich.console import Console
from rich.style import Style
from rich.text import Text

from proptag.records import Article, TaggedArticle, TaggedSentence
from proptag.report.pieces import colour_of, label_of, pieces, voice_words


def render(tagged: TaggedArticle, article: Article, console: Console | None = None) -> str:
    """Return the view as text with the colour codes of ``console`` (by default those of standard output)."""
    target = console or Console()
    out = Console(file=StringIO(), force_terminal=target.is_terminal, width=target.width, highlight=False, color_system="auto")
    with out.capture() as capture:
        out.print(Text(tagged.title or tagged.id, style="bold"))
        out.print(_summary(tagged))
        for sentence in tagged.sentences:
            out.print()
            out.print(_sentence(sentence, article.text))
            for line in _findings(sentence, article.text):
                out.print(line)
    return capture.get()


def _summary(tagged: TaggedArticle) -> Text:
    marked = sum(bool(s.techniques) for s in tagged.sentences)
    text = Text(f"{marked} of {len(tagged.sentences)} sentences with a technique", style="dim")
    for technique, count in tagged.counts.items():
        text.append(f"  {label_of(technique)} {count}", style=colour_of(technique))
    return text


def _sentence(tagged: TaggedSentence, text: str) -> Text:
    line = Text()
    sentence = tagged.sentence
    for start, end, spans in pieces(sentence.start, sentence.end, tagged.spans):
        style = Style(color=colour_of(spans[-1].technique), bold=True, underline=True) if spans else Style()
        line.append(_printable(text[start:end]), style=style)
    return line


def _findings(tagged: TaggedSentence, text: str) -> list[Text]:
    lines = []
    if tagged.truncated:
        lines.append(Text("    the sentence is too long: only its beginning was judged", style="yellow"))
    for span in tagged.spans:
        line = Text("    ")
        line.append(label_of(span.technique), style=colour_of(span.technique))
        line.append(f" {tagged.probabilities[span.technique]:.2f}")
        line.append(f" “{_printable(text[span.start : span.end])}”")
        line.append(f" ({voice_words(span.voice, span.speaker)})", style="dim")
        lines.append(line)
    return lines


def _printable(text: str) -> str:
    """Take away control characters, which could drive the terminal."""
    return "".join(c if c.isprintable() or c == "\t" else " " for c in text)
