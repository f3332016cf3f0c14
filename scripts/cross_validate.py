"""Cross-validate a recipe: ``python scripts/cross_validate.py corpus=seeds output=runs/cv``; the same command goes on where it stopped."""

from pathlib import Path

from proptag.cli import script
from proptag.config import CrossValidateConfig
from proptag.corpora.download import ensure
from proptag.manifest import is_finished


def main(config: CrossValidateConfig) -> None:
    """Train and score every fold with every seed, print the table, and say where the figures lie."""
    ensure(config.corpus)
    if not is_finished("cross_validation", config):  # asked before torch is loaded, which takes seconds
        from proptag.cross_validation import cross_validate

        cross_validate(config)
    print(Path(config.output, "metrics.md").read_text(encoding="utf-8"))
    print(f"figures: {config.output}/metrics.json")


if __name__ == "__main__":
    script(main, CrossValidateConfig, "cross_validate")
