"""Fine-tune a tagger: ``python scripts/train.py dataset=data/seeds output=runs/seeds``."""

from proptag.cli import script
from proptag.config import TrainConfig
from proptag.manifest import is_finished


def main(config: TrainConfig) -> None:
    """Train the model and say where its card lies."""
    if not is_finished("train", config):  # asked before torch is loaded, which takes seconds
        from proptag.train import fit

        fit(config)
    print(f"model card: {config.output}/README.md")


if __name__ == "__main__":
    script(main, TrainConfig, "train")
