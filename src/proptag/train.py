"""Fine-tuning: a dataset folder to a model folder, on the Hugging Face Trainer."""

import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
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

from proptag import cards, manifest, taxonomy
from proptag import dataset as datasets_
from proptag.calibrate import Calibration, Floats, pool
from proptag.calibrate import fit as fit_calibration
from proptag.config import TrainConfig
from proptag.encode import LABELS, Collator, Features, Row, encode
from proptag.errors import UserError
from proptag.metrics import TechniqueMetrics, average_precision
from proptag.model import FORMAT, JointModel, new, run_network, save
from proptag.runtime import choose_device, give_memory_back, keep_memory, uses_bfloat16

_COMPLETE = "complete"


class Progress(TrainerCallback):
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

    def on_epoch_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **rest: Any) -> None:  # noqa: ANN401, ARG002
        """Give back the memory that the epoch's longest sentences took."""
        give_memory_back()

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **rest: Any) -> None:  # noqa: ANN401, ARG002
        """Mark the checkpoint as whole."""
        (Path(str(args.output_dir)) / f"checkpoint-{state.global_step}" / _COMPLETE).touch()


def fit(config: TrainConfig) -> Path:
    """Train a model folder; do nothing if it is there already and nothing changed, go on from a checkpoint if a run was cut off.

    Raises ``UserError`` for a dataset or encoder that is missing or unfit.
    """
    output, folder = Path(config.output), Path(config.dataset)
    if manifest.is_finished("train", config):
        return output
    keep_memory()
    description = manifest.describe("train", config)
    splits = _load_splits(folder)
    set_seed(config.seed)
    model, tokenizer = new(config.encoder, config.train.span_weight)
    encoded = {name: encode(rows, tokenizer, config.encoder.max_length) for name, rows in splits.items()}
    counts = {f"{name} sentences": len(rows) for name, rows in splits.items()}
    counts |= {f"{name} sentences cut": cut for name, (_, cut) in encoded.items()}
    print(", ".join(f"{count} {what}" for what, count in counts.items()))
    _start_at_base_rates(model, encoded["train"][0])
    work = output.with_name(f".{output.name}.work")
    checkpoint = _prepare(work, description, config.resume)
    trainer = _trainer(config, model, tokenizer, {name: found for name, (found, _) in encoded.items()}, work)
    trainer.train(resume_from_checkpoint=checkpoint)
    print(f"best epoch: {_best_epoch(trainer)}")
    calibration, probabilities, labels = calibrate(model, tokenizer, encoded["validation"][0])
    articles = [row["article_id"] for row in splits["validation"]]
    figures = TechniqueMetrics().measure(probabilities, labels, calibration.thresholds, articles)
    tagger = _tagger(config, calibration, description)
    with manifest.whole_folder(output) as target:
        save(target, model, tokenizer, tagger)
        content = {"split": "validation", "note": "thresholds were chosen on this split", "epochs": _epochs(trainer), **figures}
        manifest.write_text(target / "metrics.json", json.dumps(content, indent=2) + "\n")
        manifest.write_text(target / "README.md", cards.model(config, figures, counts))
        manifest.write(target, description, [path.name for path in target.iterdir()], counts)
    print(f"{output}: the model, with calibration and thresholds from {len(articles)} validation sentences")
    shutil.rmtree(work)
    return output


def _load_splits(folder: Path) -> dict[str, list[Row]]:
    loaded = datasets_.load(folder)
    splits = {name: list(loaded[name]) for name in ("train", "validation")}
    for name, rows in splits.items():
        if not any(row["propaganda"] for row in rows):
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
        bf16=uses_bfloat16(settings.dtype, device),
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
        # Sorted by length, so that little is padded; the metrics do not depend on the order.
        eval_dataset=sorted(encoded["validation"], key=lambda features: len(features["input_ids"])),
        compute_metrics=lambda result: _validation_metrics(np.asarray(result.predictions), np.asarray(result.label_ids)),
        preprocess_logits_for_metrics=lambda logits, _: logits[0],
        callbacks=[EarlyStoppingCallback(settings.patience), Progress()],
        optimizers=(_optimizer(config, model), None),
    )
    trainer.remove_callback(PrinterCallback)
    return trainer


def _start_at_base_rates(model: JointModel, features: Sequence[Features]) -> None:
    """Set the heads' biases to the labels' base rates, so that no step is spent on learning that techniques are rare."""
    sentences = [_expected(f["labels"][None], f["groups"], np.ones((1, len(f["groups"])))) for f in features]
    tokens = [_expected(f["token_labels"], f["groups"], f["token_groups"])[f["token_mask"]] for f in features]
    for head, found in ((_output_layer(model), sentences), (model.span_head, tokens)):
        labels = np.concatenate(found)
        known = (~np.isnan(labels)).sum(0)
        # Of a technique that nobody annotated here, assume that it is not there.
        rates = np.where(known > 0, (np.nansum(labels, 0) + 1) / (known + 2), 1 / (len(labels) + 2))
        with torch.no_grad():
            head.bias.copy_(torch.from_numpy(np.log(rates / (1 - rates))))


def _expected(labels: NDArray[Any], groups: NDArray[Any], present: NDArray[Any]) -> NDArray[Any]:
    """Share each merged label (rows, groups) out equally among its techniques, whose labels (rows, outputs) are unknown otherwise."""
    if not len(groups):
        return labels
    shares = present @ (groups / groups.sum(1, keepdims=True))
    return np.where(np.isnan(labels) & (shares > 0), shares, labels)


def _output_layer(model: JointModel) -> torch.nn.Linear:
    """Find the classifier's last layer, whatever the architecture calls it."""
    width = model.span_head.out_features
    layers = [m for m in model.classifier.modules() if isinstance(m, torch.nn.Linear) and m.out_features == width and m.bias is not None]
    return layers[-1]


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
    anything = average_precision(pool(logits)[:, 0], labels[:, 0])
    techniques = average_precision(logits[:, 1:].ravel(), labels[:, 1:].ravel())
    return {"average_precision": (anything + techniques) / 2, "propaganda": anything, "techniques": techniques}


def calibrate(model: JointModel, tokenizer: PreTrainedTokenizerBase, features: Sequence[Features]) -> tuple[Calibration, Floats, Floats]:
    """Fit the calibration on encoded sentences; also return their calibrated probabilities and their labels."""
    inputs = [{n: v for n, v in f.items() if n not in LABELS} for f in features]
    logits, token_logits = run_network(model, tokenizer, inputs)
    labels = np.stack([_settled(f["labels"], f["groups"], row) for f, row in zip(features, logits, strict=True)]).astype(np.float64)
    masks = [f["token_mask"] for f in features]
    token_labels = np.concatenate([f["token_labels"][m] for f, m in zip(features, masks, strict=True)])
    kept = np.concatenate([t[m] for t, m in zip(token_logits, masks, strict=True)])
    calibration = fit_calibration(logits, labels, kept.astype(np.float64), token_labels.astype(np.float64))
    return calibration, calibration.sentence_probabilities(logits), labels


def _settled(labels: NDArray[Any], groups: NDArray[Any], logits: Floats) -> NDArray[Any]:
    """Take the most probable technique of each merged label as the one that it means, since calibration needs a yes or no."""
    labels = labels.copy()
    for group in groups:
        labels[np.argmax(np.where(group, logits, -np.inf))] = 1.0
    return labels


def _best_epoch(trainer: Trainer) -> int:
    best = max(_epochs(trainer), key=lambda epoch: epoch["eval_average_precision"])
    return round(best["epoch"])


def _epochs(trainer: Trainer) -> list[dict[str, float]]:
    """Return what validation gave after each epoch, without what differs from run to run."""
    history = [entry for entry in trainer.state.log_history if "eval_average_precision" in entry]
    return [{k: v for k, v in entry.items() if "runtime" not in k and "per_second" not in k} for entry in history]


def _tagger(config: TrainConfig, calibration: Calibration, description: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content of ``tagger.json``: what tagging needs beside the weights, and where the model comes from."""
    return {
        "format": FORMAT,
        "taxonomy": taxonomy.load().version,
        "segmenter": _segmenter(Path(config.dataset)),
        "max_length": config.encoder.max_length,
        "encoder": config.encoder.name,
        "seed": config.seed,
        "dataset": description["inputs"]["dataset"],
        "versions": manifest.versions(),
        "calibration": calibration.as_dict(),
    }


def _segmenter(dataset: Path) -> str:
    """Return how the dataset's sentences were found, so that new text is cut the same way."""
    content = json.loads((dataset / manifest.NAME).read_text(encoding="utf-8"))
    segmenter = str(content["settings"]["corpus"]["segmenter"])
    return "sentences" if segmenter == "auto" else segmenter
