"""Tag a folder of articles: ``python scripts/score_folder.py model=runs/seeds input=articles output=runs/scores``."""

from proptag.cli import script
from proptag.config import ScoreConfig


def main(config: ScoreConfig) -> None:
    """Score the folder and say what came of it."""
    from proptag.score import score

    print(score(config))


if __name__ == "__main__":
    script(main, ScoreConfig, "score_folder")
