"""Fine-tuning: a dataset folder to a model folder, on the Hugging Face Trainer."""

import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import (
    EarlyStoppingCallback,
    PreTrainedTokenizerBase,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
    set_seed,
)
from transformers.trainer_callback import PrinterCallback

from proptag import dataset as datasets_
from proptag import manifest, taxonomy
from proptag.calibrate import Calibration, Floats, fit as fit_calibration
from proptag.config import TrainConfig
from proptag.errors import UserError
from proptag.metrics import TechniqueMetrics, average_precision
from proptag.model import JointModel, new, save
from proptag.runtime import choose_device, run_network, trains_in_bfloat16

Row = Mapping[str, Any]
Features = dict[str, Any]
_COMPLETE = "complete"
_LABELS = ("labels", "token_labels", "token_mask")


def encode(rows: Sequence[Row], tokenizer: PreTrainedTokenizerBase, max_length: int) -> tuple[list[Features], int]:
    """Tokenise dataset rows with sentence and token labels; also return how many sentences were cut at ``max_length`` tokens.

    Labels are 1, 0 or nan where the corpus did not annotate the technique.
    """
    width = len(taxonomy.load().names) + 1
    encoded = tokenizer([row["text"] for row in rows], truncation=True, max_length=max_length, return_offsets_mapping=True)
    found, cut = [], 0
    for i, row in enumerate(rows):
        labels = np.full(width, np.nan, dtype=np.float32)
        labels[[0, *(k + 1 for k in row["known"])]] = 0.0
        token_labels = np.tile(labels, (len(encoded["input_ids"][i]), 1))
        if row["techniques"]:
            labels[[0, *(t + 1 for t in row["techniques"])]] = 1.0
        offsets = np.array(encoded["offset_mapping"][i])
        mask = offsets[:, 1] > offsets[:, 0]
        for span in row["spans"]:
            inside = mask & (offsets[:, 0] < span["end"]) & (offsets[:, 1] > span["start"])
            token_labels[np.ix_(inside, [0, span["technique"] + 1])] = 1.0
        cut += offsets[:, 1].max(initial=0) < len(row["text"].rstrip())
        inputs = {name: encoded[name][i] for name in encoded if name != "offset_mapping"}
        found.append({**inputs, "labels": labels, "token_labels": token_labels, "token_mask": mask})
    return found, int(cut)


class Collator:
    """Pads a batch to its longest sentence."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self.tokenizer = tokenizer

    def __call__(self, batch: Sequence[Features]) -> dict[str, Tensor]:
        """Return the padded tensors of a batch; padded tokens have mask 0 and unknown labels."""
        names = [n for n in batch[0] if n not in _LABELS]
        inputs = self.tokenizer.pad([{n: f[n] for n in names} for f in batch], return_tensors="pt")
        length, width = inputs["input_ids"].shape[1], len(batch[0]["labels"])
        token_labels = torch.full((len(batch), length, width), torch.nan)
        mask = torch.zeros((len(batch), length))
        for i, features in enumerate(batch):
            size = len(features["token_mask"])
            token_labels[i, :size] = torch.from_numpy(features["token_labels"])
            mask[i, :size] = torch.from_numpy(features["token_mask"].astype(np.float32))
        labels = torch.from_numpy(np.stack([f["labels"] for f in batch]))
        return {**inputs, "labels": labels, "token_labels": token_labels, "token_mask": mask}


class Progress(TrainerCallback):  # type: ignore[misc]  (transformers ships no types)
    """Prints a line per epoch, and marks checkpoints that were written to their end."""

    def on_evaluate(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **rest: Any) -> None:  # noqa: ANN401, ARG002
        """Print what the epoch brought."""
        losses = [entry["loss"] for entry in state.log_history if "loss" in entry]
        found = rest["metrics"]
        print(
            f"epoch {round(state.epoch or 0)} of at most {round(args.num_train_epochs)}: "
            f"training loss {losses[-1] if losses else float('nan'):.3f}, validation average precision: "
            f"any technique {found['eval_propaganda']:.3f}, techniques {found['eval_techniques']:.3f}",
            flush=True,
        )

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **rest: Any) -> None:  # noqa: ANN401, ARG002
        """Mark the checkpoint as whole."""
        (Path(args.output_dir) / f"checkpoint-{state.global_step}" / _COMPLETE).touch()


def fit(config: TrainConfig) -> Path:
    """Train a model folder; do nothing if it is there already and nothing changed, go on from a checkpoint if a run was cut off.

    Raises ``UserError`` for a dataset or encoder that is missing or unfit.
    """
    output, folder = Path(config.output), Path(config.dataset)
    description = manifest.describe("train", config, {"dataset": folder})
    if manifest.is_current(output, description):
        print(f"{output}: up to date")
        return output
    splits = _load_splits(folder)
    set_seed(config.seed)
    model, tokenizer = new(config.encoder, config.train.span_weight)
    encoded = {name: encode(rows, tokenizer, config.encoder.max_length) for name, rows in splits.items()}
    counts = {f"{name} sentences": len(rows) for name, rows in splits.items()}
    counts |= {f"{name} sentences cut": cut for name, (_, cut) in encoded.items()}
    print(", ".join(f"{count} {what}" for what, count in counts.items()))
    work = output.with_name(f".{output.name}.work")
    checkpoint = _prepare(work, description, config.resume)
    trainer = _trainer(config, model, tokenizer, {name: found for name, (found, _) in encoded.items()}, work)
    trainer.train(resume_from_checkpoint=checkpoint)
    _write(config, trainer, tokenizer, splits["validation"], description, counts)
    shutil.rmtree(work)
    return output


def _load_splits(folder: Path) -> dict[str, list[Row]]:
    loaded = datasets_.load(folder)
    splits = {name: list(loaded[name]) for name in ("train", "validation")}
    for name, rows in splits.items():
        if not any(row["techniques"] for row in rows):
            raise UserError(f"{folder}: no sentence of the {name} split carries a technique, so there is nothing to learn from")
    return splits


def _prepare(work: Path, description: Mapping[str, Any], resume: str) -> str | None:
    """Return the last whole checkpoint of a run of this description; clear away everything else."""
    note = work / "description.json"
    same = note.is_file() and note.read_text(encoding="utf-8") == json.dumps(description)
    if resume == "never" or not same:
        if work.exists():
            print("starting anew: the checkpoints that lie there are of other settings, data or code")
        shutil.rmtree(work, ignore_errors=True)
        manifest.write_text(note, json.dumps(description))
        return None
    whole = []
    for checkpoint in work.glob("checkpoint-*"):
        if (checkpoint / _COMPLETE).is_file():
            whole.append(checkpoint)
        else:
            shutil.rmtree(checkpoint)
    if not whole:
        return None
    last = max(whole, key=lambda path: int(path.name.rpartition("-")[2]))
    print(f"going on from {last}")
    return str(last)


def _trainer(
    config: TrainConfig,
    model: JointModel,
    tokenizer: PreTrainedTokenizerBase,
    encoded: Mapping[str, list[Features]],
    work: Path,
) -> Trainer:
    settings, device = config.train, choose_device(config.device)
    arguments = TrainingArguments(
        output_dir=str(work),
        num_train_epochs=settings.epochs,
        per_device_train_batch_size=settings.batch_size,
        per_device_eval_batch_size=64,
        learning_rate=settings.learning_rate,
        warmup_steps=settings.warmup,
        train_sampling_strategy="group_by_length",
        eval_strategy="epoch",
        save_strategy="epoch",
        logging_strategy="epoch",
        save_total_limit=1,
        load_best_model_at_end=True,
        metric_for_best_model="average_precision",
        greater_is_better=True,
        restore_callback_states_from_checkpoint=True,
        bf16=trains_in_bfloat16(settings.dtype, device),
        use_cpu=device.type == "cpu",
        seed=config.seed,
        data_seed=config.seed,
        remove_unused_columns=False,
        label_names=["labels"],
        report_to="none",
        disable_tqdm=not sys.stderr.isatty(),
    )
    model.accepts_loss_kwargs = False  # type: ignore[assignment]  # else the Trainer hands the encoder an argument that it does not know
    trainer = Trainer(
        model=model,
        args=arguments,
        data_collator=Collator(tokenizer),
        train_dataset=encoded["train"],
        eval_dataset=encoded["validation"],
        compute_metrics=lambda result: _validation_metrics(result.predictions, result.label_ids),
        preprocess_logits_for_metrics=lambda logits, _: logits[0],
        callbacks=[EarlyStoppingCallback(settings.patience), Progress()],
        optimizers=(_optimizer(config, model), None),
    )
    trainer.remove_callback(PrinterCallback)
    return trainer


def _optimizer(config: TrainConfig, model: JointModel) -> torch.optim.Optimizer:
    """AdamW with a higher learning rate for the new layers, and no weight decay on biases and norms."""
    encoder = {id(p) for p in model.classifier.base_model.parameters()}
    rates = {True: config.train.learning_rate, False: config.train.learning_rate * config.train.head_factor}
    groups = [
        {
            "params": [p for p in model.parameters() if (id(p) in encoder) == old and (p.dim() > 1) == decays],
            "lr": rate,
            "weight_decay": config.train.weight_decay if decays else 0.0,
        }
        for old, rate in rates.items()
        for decays in (True, False)
    ]
    return torch.optim.AdamW(groups, fused=True)  # the unfused one takes as long as the forward and backward pass


def _validation_metrics(logits: NDArray[Any], labels: NDArray[Any]) -> dict[str, float]:
    """Average precision of "any technique" and of all technique decisions pooled; their mean decides which epoch is best."""
    anything = average_precision(logits[:, 0], labels[:, 0])
    techniques = average_precision(logits[:, 1:].ravel(), labels[:, 1:].ravel())
    return {"average_precision": (anything + techniques) / 2, "propaganda": anything, "techniques": techniques}


def calibrate(model: JointModel, tokenizer: PreTrainedTokenizerBase, features: Sequence[Features]) -> tuple[Calibration, Floats, Floats]:
    """Fit the calibration on encoded sentences; also return their calibrated probabilities and their labels."""
    inputs = [{n: v for n, v in f.items() if n not in _LABELS} for f in features]
    logits, token_logits = run_network(model, tokenizer, inputs)
    labels = np.stack([f["labels"] for f in features]).astype(np.float64)
    masks = [f["token_mask"] for f in features]
    token_labels = np.concatenate([f["token_labels"][m] for f, m in zip(features, masks, strict=True)])
    kept = np.concatenate([t[m] for t, m in zip(token_logits, masks, strict=True)])
    calibration = fit_calibration(logits, labels, kept.astype(np.float64), token_labels.astype(np.float64))
    return calibration, calibration.sentence_probabilities(logits), labels


def _write(
    config: TrainConfig,
    trainer: Trainer,
    tokenizer: PreTrainedTokenizerBase,
    validation: Sequence[Row],
    description: Mapping[str, Any],
    counts: Mapping[str, int],
) -> None:
    output, model = Path(config.output), trainer.model
    calibration, probabilities, labels = calibrate(model, tokenizer, trainer.eval_dataset)
    names = taxonomy.load().names
    figures = TechniqueMetrics().measure(probabilities, labels, calibration.thresholds, [row["article_id"] for row in validation])
    tagger = {
        "taxonomy": taxonomy.load().version,
        "segmenter": _segmenter(Path(config.dataset)),
        "max_length": config.encoder.max_length,
        "encoder": config.encoder.name,
        "seed": config.seed,
        "dataset": description["inputs"]["dataset"],
        "versions": manifest.versions(),
        "calibration": calibration.as_dict(),
        "outputs": [taxonomy.PROPAGANDA, *names],
    }
    with manifest.whole_folder(output) as folder:
        save(folder, model, tokenizer, tagger)
        history = [entry for entry in trainer.state.log_history if "eval_average_precision" in entry]
        epochs = [{k: v for k, v in entry.items() if "runtime" not in k and "per_second" not in k} for entry in history]
        content = {"split": "validation", "note": "thresholds were chosen on this split", "epochs": epochs, **figures}
        manifest.write_text(folder / "metrics.json", json.dumps(content, indent=2) + "\n")
        manifest.write_text(folder / "README.md", _card(config, figures, counts))
        manifest.write(folder, description, [p.name for p in folder.iterdir()], counts)
    print(f"{output}: the model, with calibration and thresholds from {len(validation)} validation sentences")


def _segmenter(dataset: Path) -> str:
    """Return how the dataset's sentences were found, so that new text is cut the same way."""
    content = json.loads((dataset / manifest.NAME).read_text(encoding="utf-8"))
    return str(content["settings"]["corpus"]["segmenter"])


def _card(config: TrainConfig, figures: Mapping[str, Any], counts: Mapping[str, int]) -> str:
    sums = figures["summary"]
    settings = ", ".join(f"{name} {value}" for name, value in asdict(config.train).items())
    return "\n".join(
        [
            "---",
            "library_name: transformers",
            "pipeline_tag: text-classification",
            "language: [en]",
            "---",
            "# Propaganda techniques in sentences",
            "",
            f"`{config.encoder.name}` fine-tuned by proptag {manifest.versions()['proptag']}: the first output, `propaganda`, is the probability",
            "that a sentence uses any technique, the others are the techniques of the taxonomy. `span_head.safetensors` marks the words, and",
            '`tagger.json` holds calibration and thresholds; `proptag.Tagger.load(folder)` uses all of it, `pipeline("text-classification",',
            "model=folder, top_k=None)` the uncalibrated sentence part.",
            "",
            f"Trained on {counts['train sentences']} sentences (seed {config.seed}; {settings}).",
            f"On its validation split, where the thresholds were chosen (so these are upper bounds): any technique F1 {sums['propaganda_f1']:.2f},",
            f"techniques micro-F1 {sums['micro_f1']:.2f}. Evaluate on other articles before you rely on it.",
            "",
            "A tag describes rhetoric. It says nothing about whether a statement is true or what its author meant, and it is often wrong: do",
            "not use it to judge, rank or block people or outlets without a human reading the text.",
            "",
        ]
    )
