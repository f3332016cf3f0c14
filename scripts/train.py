"""Fine-tune a tagger: ``python scripts/train.py dataset=data/seeds output=runs/seeds``."""

from proptag.cli import script
from proptag.config import TrainConfig


def main(config: TrainConfig) -> None:
    """Train the model and say where its card lies."""
    from proptag.train import fit

    print(f"model card: {fit(config) / 'README.md'}")


if __name__ == "__main__":
    script(main, TrainConfig, "train")
