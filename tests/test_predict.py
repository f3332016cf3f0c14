import json
import shutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import pipeline

from conftest import ROOT
from proptag import Article, Tagger, taxonomy
from proptag.corpora.seeds import read
from proptag.errors import UserError
from proptag.model import FORMAT
from proptag.predict import find_spans

NAMES = taxonomy.load().names
TEXT = (ROOT / "examples" / "article.txt").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def tagger(model):
    return Tagger.load(model)


def test_transformers_pipeline_gives_the_same_sentence_probabilities(model, tagger):
    sentences = [s.sentence.text for a in list(read(ROOT / "seeds"))[:4] for s in tagger.tag(a).sentences] + ["word " * 40]
    classify = pipeline("text-classification", model=str(model), top_k=None, device="cpu")
    ours = tagger.sentence_probabilities(sentences)
    for row, found in zip(ours, classify(sentences), strict=True):
        theirs = {entry["label"]: entry["score"] for entry in found}
        assert set(theirs) == {"propaganda", *NAMES}
        assert np.allclose(row, [theirs[name] for name in ("propaganda", *NAMES)], atol=1e-4)


def test_tagging_keeps_every_invariant(tagger):
    found = 0
    for article in list(read(ROOT / "seeds"))[:20]:
        cursor = 0
        for s in tagger.tag(article).sentences:
            where = s.sentence
            assert article.text[where.start : where.end] == where.text
            assert cursor <= where.start
            assert not article.text[cursor : where.start].strip()
            cursor = where.end
            assert set(s.probabilities) == set(NAMES)
            assert {span.technique for span in s.spans} == set(s.techniques)
            assert all(where.start <= span.start < span.end <= where.end for span in s.spans)
            assert all(0 <= span.probability <= 1 for span in s.spans)
            found += len(s.spans)
    assert found > 50


def test_tag_many_is_lazy_and_agrees_with_tag(tagger):
    texts = [TEXT, "Short.", "", "The council met. It closed the bridge."]
    together = list(tagger.tag_many(texts))
    assert [len(a.sentences) for a in together][1:] == [1, 0, 2]
    for text, tagged in zip(texts, together, strict=True):
        alone = tagger.tag(text)
        for a, b in zip(alone.sentences, tagged.sentences, strict=True):
            assert a.techniques == b.techniques
            assert a.propaganda == pytest.approx(b.propaganda, abs=1e-5)

    def endless():
        while True:
            yield "One sentence here. " * 1000

    assert next(tagger.tag_many(endless())).sentences


def test_a_sentence_that_is_too_long_is_marked_as_cut(tagger):
    long, short = tagger.tag("word " * 2000 + ".\nShort.").sentences
    assert long.truncated
    assert not short.truncated


def test_voice_and_speaker_reach_the_tags(tagger):
    sentences = tagger.tag(TEXT).sentences
    quoted = [s for s in sentences if s.sentence.text.startswith('"Those who sneer')]
    assert quoted[0].voice == "quoted"
    assert quoted[0].speaker == "Oda Kerrin"
    assert sentences[0].voice == "author"


@given(st.text(max_size=60))
def test_any_text_can_be_tagged(tagger, text):
    tagged = tagger.tag(text)
    assert all(text[s.sentence.start : s.sentence.end] == s.sentence.text for s in tagged.sentences)


def offsets(text):
    result, cursor = [(0, 0)], 0
    for word in text.split(" "):
        result.append((cursor, cursor + len(word)))
        cursor += len(word) + 1
    return np.array([*result, (0, 0)])


def test_find_spans_joins_near_tokens_and_trims_punctuation():
    text = "a (b c, d e f g h i"
    probabilities = np.array([0.9, 0, 0.9, 0.8, 0, 0.1, 0, 0, 0, 0.7, 0.9])
    spans = find_spans(probabilities, offsets(text), text, 0.5)
    assert [text[start:end] for start, end, _ in spans] == ["(b c", "i"]
    assert spans[0][2] == pytest.approx(0.85)


def test_find_spans_lowers_the_threshold_rather_than_finding_nothing():
    spans = find_spans(np.array([0, 0.1, 0.3, 0.1, 0]), offsets("one two three"), "one two three", 0.8)
    assert [(s, e) for s, e, _ in spans] == [(4, 7)]


def test_find_spans_leaves_out_what_is_no_word_beside_a_word():
    text = "re-do it all once more vile"
    pieces = np.array([(0, 0), (0, 2), (2, 3), (3, 5), (6, 8), (9, 12), (13, 17), (18, 22), (23, 27), (0, 0)])
    spans = find_spans(np.array([0, 0, 0.9, 0, 0, 0, 0, 0, 0.9, 0]), pieces, text, 0.5)
    assert [text[start:end] for start, end, _ in spans] == ["vile"]
    assert find_spans(np.array([0, 0, 0.9, 0, 0, 0, 0, 0, 0, 0]), pieces, text, 0.5)[0][:2] == (2, 3)


def test_find_spans_takes_whole_words():
    text = "unbelievable"
    pieces = np.array([(0, 0), (0, 2), (2, 9), (9, 12), (0, 0)])
    assert find_spans(np.array([0, 0.1, 0.9, 0.1, 0]), pieces, text, 0.5)[0][:2] == (0, 12)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda m: (m / "span_head.safetensors").unlink(), "span_head.safetensors missing"),
        (lambda m: (m / "model.safetensors").write_bytes(b"nonsense"), "the model folder is broken"),
        (lambda m: (m / "tagger.json").write_text("{"), "the model folder is broken"),
        (lambda m: (m / "tagger.json").write_text("{}"), "trained by another version"),
        (lambda m: (m / "tagger.json").write_text(json.dumps({"format": FORMAT})), "tagger.json is broken"),
        (shutil.rmtree, "no such model folder"),
    ],
)
def test_a_broken_model_folder_is_said(model, tmp_path, damage, message):
    copy = shutil.copytree(model, tmp_path / "copy")
    damage(copy)
    with pytest.raises(UserError, match=message):
        Tagger.load(copy)


def test_a_model_of_another_taxonomy_is_refused(model, tmp_path):
    copy = shutil.copytree(model, tmp_path / "copy")
    config = json.loads((copy / "config.json").read_text(encoding="utf-8"))
    config["id2label"]["3"] = "Something_Else"
    (copy / "config.json").write_text(json.dumps(config))
    with pytest.raises(UserError, match="another taxonomy"):
        Tagger.load(copy)


def test_a_hub_id_without_a_network_is_refused_in_words():
    with pytest.raises(UserError, match="no such model folder"):
        Tagger.load("nobody/nothing")


def test_an_article_keeps_its_id_title_and_source(tagger):
    tagged = tagger.tag(Article("x-1", "One. Two.", "A title", meta={"source": "a/b.txt"}))
    assert (tagged.id, tagged.title, tagged.source) == ("x-1", "A title", "a/b.txt")
    assert tagged.density == sum(bool(s.techniques) for s in tagged.sentences) / 2
