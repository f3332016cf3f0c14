"""Every file under configs/ composes and is valid, and every script has its primary config."""

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.config_store import ConfigStore
from omegaconf import OmegaConf

from conftest import ROOT
from proptag import config, settings

CONFIGS = ROOT / "configs"
CLASSES = {
    "build_dataset": config.BuildDatasetConfig,
    "train": config.TrainConfig,
    "evaluate": config.EvaluateConfig,
    "predict": config.PredictConfig,
    "score_folder": config.ScoreConfig,
    "cross_validate": config.CrossValidateConfig,
    "check_seeds": config.CheckSeedsConfig,
}
OWNERS = {"corpus": "build_dataset", "encoder": "train", "experiment": "cross_validate"}
CHOICES = [(p.parent.name, p.stem) for p in sorted(CONFIGS.glob("*/*.yaml"))]


def composed(name, overrides=()):
    cls = CLASSES[name]
    ConfigStore.instance().store(name=f"{name}_schema", node=settings.defaults(cls))
    with initialize_config_dir(config_dir=str(CONFIGS), version_base="1.3"):
        values = OmegaConf.to_container(compose(name, list(overrides)))
    required = {key: "x" for key, item in settings.leaves(cls).items() if item.default == settings.REQUIRED}
    if name == "evaluate":  # needs what is optional for other tasks
        values |= {"model": "x", "dataset": "x"}
    return settings.build(cls, values | {k: v for k, v in required.items() if values[k] == "???"})


def test_scripts_and_primary_configs_match():
    scripts = {p.stem for p in (ROOT / "scripts").glob("*.py")}
    assert scripts == set(CLASSES) == {p.stem for p in CONFIGS.glob("*.yaml")} - {"quiet"}


@pytest.mark.parametrize("name", CLASSES)
def test_every_primary_config_is_valid(name):
    assert isinstance(composed(name), CLASSES[name])


@pytest.mark.parametrize(("group", "choice"), CHOICES)
def test_every_choice_is_valid(group, choice):
    made = composed(OWNERS[group], [f"{group}={choice}"])
    if group == "experiment":
        assert made.output.startswith("runs/")
    else:
        assert getattr(made, group).name == choice
