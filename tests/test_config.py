import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import run_script
from proptag.config import PredictConfig, TrainConfig
from proptag.errors import SettingsError
from proptag.settings import build, defaults, leaves


def test_all_problems_are_named_at_once():
    values = {
        "dataste": "x",
        "output": "y",
        "train": {"epochs": 0, "learning_rate": "fast", "dtype": "int8"},
        "encoder": {"layer": 1},
    }
    with pytest.raises(SettingsError) as caught:
        build(TrainConfig, values)
    text = "\n".join(caught.value.problems)
    for part in (
        "dataste: no such setting (did you mean dataset?)",
        "dataset: needs a value",
        "train.epochs: must be at least 1",
        "train.learning_rate: needs a number, not 'fast'",
        "train.dtype: must be one of auto, float32, bfloat16",
        "encoder.layer: no such setting",
    ):
        assert part in text
    assert len(caught.value.problems) == 6


@pytest.mark.parametrize("value", [float("nan"), -1, 1.0, "x", None, True])
def test_unfit_numbers_are_refused(value):
    with pytest.raises(SettingsError, match=r"train\.learning_rate"):
        build(TrainConfig, {"dataset": "d", "output": "o", "train": {"learning_rate": value}})


def test_defaults_are_valid_and_survive_a_round_trip():
    values = defaults(TrainConfig) | {"dataset": "d", "output": "o"}
    assert build(TrainConfig, values) == build(TrainConfig, {"dataset": "d", "output": "o"})
    assert "train.learning_rate" in leaves(TrainConfig)


@pytest.mark.parametrize(
    ("script", "settings", "messages"),
    [
        (
            "train",
            ("datset=x", "encoder=foo", "train.epochs=x"),
            ("did you mean dataset", "choose one of", "whole number", "output: needs a value"),
        ),
        ("predict", ("model=m", "input=a", "text=b"), ("not both",)),
        ("predict", ("model=m",), ("give either input=FILE",)),
        ("predict", ("model=m", "input=x", "format=pdf"), ("format: must be one of terminal, json, html",)),
        ("score_folder", ("model=m", "input=x", "output=y", "engine=spark"), ("engine: must be one of local",)),
        ("build_dataset", ("corpus=unknown",), ("corpus: there is no 'unknown'; choose one of all, emnlp2019, ",)),
        ("build_dataset", ("validation=2", "nonsense"), ("validation: must be below 1", "nonsense: not of the form")),
        (
            "evaluate",
            ("model=m", "dataset=d", "output=o", "split=dev"),
            ("split: must be one of train, validation, test",),
        ),
    ],
)
def test_wrong_usage_exits_with_2_and_no_stack_trace(script, settings, messages):
    done = run_script(script, *settings)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    for message in messages:
        assert message in done.stderr


def test_hydra_shows_the_composed_settings():
    done = run_script("train", "encoder=tiny", "--cfg", "job")
    assert done.returncode == 0
    assert "layers: 1" in done.stdout
    assert "learning_rate" in done.stdout


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=("Cc",)), max_size=40))
def test_any_literal_text_comes_through_hydra_unharmed(text):
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from omegaconf import OmegaConf

    from proptag.cli import _quoted

    override = OverridesParser.create().parse_override(_quoted(f"text={text}", PredictConfig))
    value = override.value()
    value = getattr(value, "text", value)
    if text == "null":
        return
    assert OmegaConf.to_container(OmegaConf.create({"text": value}), resolve=True)["text"] == text
