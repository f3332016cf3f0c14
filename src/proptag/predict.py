"""Tagging text: a model folder and a text to a ``TaggedArticle``."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from proptag import ingest
from proptag.calibrate import Calibration, Floats, sigmoid
from proptag.errors import UserError
from proptag.labels import Extent, LabelSet
from proptag.model import Loaded, load, outputs, run_network
from proptag.records import Article, Sentence, Span, TaggedArticle, TaggedSentence, TaggedSpan, Voice
from proptag.runtime import bound_caches, choose_device, uses_bfloat16
from proptag.segment import SEGMENTERS
from proptag.voice import Quotation, find_quotations, voice_of

_GAP = 2  # tokens that may lie between two parts of one span
_EDGES = " \t,;:–—-“”„\"«»‘’'"
_SENTENCE_SHARE = 1 / 3  # of the sentence in the log-odds of a fragment, beside its own tokens
_CHUNK = 2000  # sentences that are gathered before the network runs
_BATCH = {"cpu": 32, "cuda": 256}  # sentences that go through the network at once


@dataclass(frozen=True)
class Reading:
    """What the network says of one sentence, uncalibrated."""

    logits: Floats  # (outputs,)
    token_logits: Floats  # (tokens, outputs)
    offsets: NDArray[np.int64]  # (tokens, 2), characters of the sentence; empty at special tokens
    truncated: bool


@dataclass(frozen=True)
class Ranking:
    """The labels that a given fragment may carry."""

    labels: tuple[tuple[str, float], ...]
    """Every label of the set with its score from 0 to 1, best first."""
    truncated: bool
    """True if a sentence of the fragment was longer than the model reads."""


class Tagger:
    """Tags texts with a trained model; make one with ``Tagger.load``."""

    def __init__(self, loaded: Loaded, name: str, device: str = "auto", dtype: str = "float32") -> None:
        """Use ``Tagger.load``; raises ``UserError`` if ``tagger.json`` lacks something."""
        self.name = name
        self.device = choose_device(device)
        self.model = loaded.model.to(self.device)
        self.bfloat16 = uses_bfloat16(dtype, self.device)
        if self.bfloat16 and self.device.type == "cpu":
            bound_caches()
        self.tokenizer = loaded.tokenizer
        try:
            self.calibration = Calibration.from_dict(loaded.tagger["calibration"])
            self.max_length = int(loaded.tagger["max_length"])
            self.segment = SEGMENTERS[loaded.tagger["segmenter"]]
        except (KeyError, TypeError, ValueError) as error:
            raise UserError(f"{name}: tagger.json is broken ({error!r}); train the model again") from error
        self.outputs = outputs()

    @classmethod
    def load(cls, model: str | Path, device: str = "auto", dtype: str = "float32", *, download: bool = False) -> "Tagger":
        """Load a model folder, or a hub id from the local cache; ``download`` allows to fetch it from the hub.

        ``dtype`` is the number type of the network: ``float32``, or ``bfloat16``, which hardware that has it computes two to three times
        as fast and with probabilities that differ by up to 0.01, or ``auto`` for the latter on such hardware.
        Raises ``UserError`` if there is no such model or it is broken.
        """
        return cls(load(_locate(model, download=download)), str(model), device, dtype)

    def tag(self, text: str | Article) -> TaggedArticle:
        """Tag one text. A text without a sentence gives an article without sentences."""
        return next(self.tag_many([text]))

    def tag_many(self, texts: Iterable[str | Article]) -> Iterator[TaggedArticle]:
        """Tag many texts lazily and in order; sentences of several texts share batches, which is faster than one by one.

        Raises ``UserError``, when it gets there, at what is no text, such as a missing value of a table.
        """
        articles = (_as_article(i, text) for i, text in enumerate(texts, 1))
        waiting: list[tuple[Article, list[tuple[int, int]]]] = []
        for article in articles:
            waiting.append((article, self.segment(article.text)))
            if sum(len(offsets) for _, offsets in waiting) >= _CHUNK:
                yield from self._tag_batch(waiting)
                waiting = []
        yield from self._tag_batch(waiting)

    def classify(self, article: Article, fragments: Sequence[Extent], labels: LabelSet) -> list[Ranking]:
        """Rank the labels for given fragments (start, end) of an article; the sentences around them are read as they are.

        A technique's log-odds are 2/3 of its calibrated log-odds over the fragment's tokens (mean) plus 1/3 of those over the sentences
        that the fragment touches (mean). A merged label has the probability that one of its techniques is there, 1 - Π(1 - p).
        """
        offsets = self.segment(article.text)
        readings = self.read([article.text[start:end] for start, end in offsets])
        found = []
        for start, end in fragments:
            touched = [(s, r) for (s, e), r in zip(offsets, readings, strict=True) if s < end and start < e]
            scores = labels.probabilities(sigmoid(self._log_odds(start, end, touched))[None, 1:])[0]
            ranked = sorted(zip(labels.names, scores.tolist(), strict=True), key=lambda pair: -pair[1])
            found.append(Ranking(tuple(ranked), any(reading.truncated for _, reading in touched)))
        return found

    def _log_odds(self, start: int, end: int, touched: Sequence[tuple[int, Reading]]) -> Floats:
        """Return the log-odds (outputs,) for a fragment from the readings, and starts, of the sentences that it touches."""
        if not touched:  # nothing but white space
            return np.zeros(len(self.outputs))
        sentence = self.calibration.sentence_log_odds(np.stack([reading.logits for _, reading in touched])).mean(0)
        tokens = np.concatenate([reading.token_logits[_overlap(reading.offsets + shift, start, end)] for shift, reading in touched])
        if not len(tokens):  # beyond what the model reads
            return np.asarray(sentence)
        own = self.calibration.token_log_odds(tokens).mean(0)
        return np.asarray(_SENTENCE_SHARE * sentence + (1 - _SENTENCE_SHARE) * own)

    def sentence_probabilities(self, sentences: Sequence[str]) -> Floats:
        """Return uncalibrated probabilities (sentences, outputs), the ones that ``transformers.pipeline`` gives for the folder."""
        return sigmoid(np.stack([reading.logits for reading in self.read(sentences)]))

    def read(self, sentences: Sequence[str]) -> list[Reading]:
        """Run the network on sentences."""
        if not sentences:
            return []
        encoded = self.tokenizer(list(sentences), truncation=True, max_length=self.max_length, return_offsets_mapping=True)
        offsets = [np.array(o, dtype=np.int64).reshape(-1, 2) for o in encoded["offset_mapping"]]
        inputs = [{name: encoded[name][i] for name in encoded if name != "offset_mapping"} for i in range(len(sentences))]
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bfloat16):
            logits, token_logits = run_network(self.model, self.tokenizer, inputs, _BATCH[self.device.type])
        return [
            Reading(
                logits[i],
                token_logits[i],
                offsets[i],
                len(inputs[i]["input_ids"]) >= self.max_length and bool(sentence[offsets[i][:, 1].max(initial=0) :].strip()),
            )
            for i, sentence in enumerate(sentences)
        ]

    def _read_lazily(self, sentences: Sequence[str]) -> Iterator[Reading]:
        """Run the network on so many sentences at a time: all readings of a book would not fit in memory."""
        for start in range(0, len(sentences), _CHUNK):
            yield from self.read(sentences[start : start + _CHUNK])

    def _tag_batch(self, batch: Sequence[tuple[Article, list[tuple[int, int]]]]) -> Iterator[TaggedArticle]:
        readings = self._read_lazily([a.text[start:end] for a, offsets in batch for start, end in offsets])
        for article, offsets in batch:
            quotations = find_quotations(article.text)
            sentences = [
                self._tag_sentence(Sentence(article.id, i, start, end, article.text[start:end]), reading, article.text, quotations)
                for i, ((start, end), reading) in enumerate(zip(offsets, islice(readings, len(offsets)), strict=True))
            ]
            source = str(article.meta.get("source", ""))
            yield TaggedArticle(article.id, source, article.title, tuple(sentences), self.name)

    def _tag_sentence(self, sentence: Sentence, reading: Reading, text: str, quotations: Sequence[Quotation]) -> TaggedSentence:
        probabilities = self.calibration.sentence_probabilities(reading.logits)
        found = [i for i in range(1, len(self.outputs)) if probabilities[i] >= self.calibration.thresholds[i]]
        found.sort(key=lambda i: -probabilities[i])
        tokens = self.calibration.token_probabilities(reading.token_logits)
        spans = []
        for i in found:
            for start, end, probability in find_spans(tokens[:, i], reading.offsets, sentence.text, self.calibration.token_threshold):
                left, right = start + sentence.start, end + sentence.start
                voice, speaker = voice_of(text, left, right, quotations)
                spans.append(TaggedSpan(left, right, self.outputs[i], probability, voice, speaker))
        voice, speaker = _sentence_voice(sentence, spans, text, quotations)
        return TaggedSentence(
            sentence,
            {name: float(p) for name, p in zip(self.outputs[1:], probabilities[1:], strict=True)},
            tuple(self.outputs[i] for i in found),
            float(probabilities[0]),
            voice,
            speaker,
            tuple(sorted(spans, key=lambda span: (span.start, -span.end, span.technique))),
            reading.truncated,
        )


def best_labels(fragments: Sequence[Extent], rankings: Mapping[Extent, Ranking]) -> list[Span]:
    """Give each fragment its best label; one that is listed k times gets its k best."""
    listed = Counter[Extent]()
    found = []
    for extent in fragments:
        labels = rankings[extent].labels
        found.append(Span(*extent, labels[listed[extent] % len(labels)][0]))
        listed[extent] += 1
    return found


def _as_article(number: int, text: str | Article) -> Article:
    if isinstance(text, Article):
        return text
    if not isinstance(text, str):
        raise UserError(f"text {number}: a text is needed, not {type(text).__name__}")
    return Article(f"text-{number}", text)


def find_spans(probabilities: Floats, offsets: NDArray[np.int64], text: str, threshold: float) -> list[tuple[int, int, float]]:
    """Return (start, end, mean probability) of the stretches of ``text`` whose tokens reach the threshold; never none.

    ``probabilities`` (tokens,) are of one technique that the sentence is known to use, so the threshold is lowered to half of the
    highest probability where that is less. Stretches end at word boundaries, without punctuation at their edges.
    """
    real = np.flatnonzero(offsets[:, 1] > offsets[:, 0])
    if not len(real):
        return [(0, len(text), float(probabilities.max(initial=0.0)))]
    limit = min(threshold, probabilities[real].max() / 2)
    runs: list[list[int]] = []
    for token in real[probabilities[real] >= limit]:
        if runs and token - runs[-1][-1] <= _GAP + 1:
            runs[-1].append(token)
        else:
            runs.append([token])
    found: list[tuple[int, int, float]] = []
    for run in runs:
        first, last = int(offsets[run[0], 0]), int(offsets[run[-1], 1])
        if found and first < found[-1][1]:  # within the word that the one before was widened to
            continue
        start, end = _whole_words(text, first, last)
        if found and start < found[-1][1]:  # the two met in the middle of a word
            continue
        found.append((start, end, float(probabilities[run].mean())))
    # A hyphen or quotation mark alone shows a reader nothing.
    return [span for span in found if re.search(r"\w", text[span[0] : span[1]])] or found


def _overlap(offsets: NDArray[np.int64], start: int, end: int) -> NDArray[np.bool_]:
    """Tell which tokens share a character with ``start:end``; special tokens have none."""
    return np.asarray(np.maximum(offsets[:, 0], start) < np.minimum(offsets[:, 1], end))


def _whole_words(text: str, start: int, end: int) -> tuple[int, int]:
    while start > 0 and text[start - 1].isalnum() and text[start].isalnum():
        start -= 1
    while end < len(text) and text[end].isalnum() and text[end - 1].isalnum():
        end += 1
    inner = text[start:end].strip(_EDGES)
    if not re.search(r"\w", inner):
        return start, end
    start = text.index(inner, start)
    return start, start + len(inner)


def _sentence_voice(
    sentence: Sentence, spans: Sequence[TaggedSpan], text: str, quotations: Sequence[Quotation]
) -> tuple[Voice, str | None]:
    """Take the voice of the spans where they agree, "mixed" where they do not, and that of the letters where there are none."""
    if not spans:
        return voice_of(text, sentence.start, sentence.end, quotations)
    voices = {span.voice for span in spans}
    speakers = {span.speaker for span in spans if span.speaker}
    return voices.pop() if len(voices) == 1 else "mixed", speakers.pop() if len(speakers) == 1 else None


def _locate(model: str | Path, *, download: bool) -> Path:
    folder = Path(model)
    if folder.exists() or str(model).count("/") != 1:
        return folder
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(str(model), local_files_only=not download))
    except (LocalEntryNotFoundError, HfHubHTTPError, HFValidationError, OSError):
        return folder  # loading it says that it is not there


def read_input(path: str | None, text: str | None) -> Article:
    """Return the article of a file, of standard input (``-``) or of a literal text; ``UserError`` if it holds no text."""
    if text is not None:
        return ingest.from_text(text, "text", "text")
    return ingest.read_standard_input() if path == "-" else ingest.read(Path(path or ""))
