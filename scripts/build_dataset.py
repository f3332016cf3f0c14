"""Build a dataset of labelled sentences: ``python scripts/build_dataset.py corpus=seeds output=data/seeds``."""

from proptag.cli import script
from proptag.config import BuildDatasetConfig


def main(config: BuildDatasetConfig) -> None:
    """Build the dataset and say where its card lies."""
    from proptag.dataset import build

    print(f"card: {build(config) / 'README.md'}")


if __name__ == "__main__":
    script(main, BuildDatasetConfig, "build_dataset")
