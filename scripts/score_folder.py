"""Tag articles by the thousand: ``python scripts/score_folder.py model=runs/seeds input=articles output=runs/scores``."""

from proptag.cli import script
from proptag.config import ScoreConfig


def main(config: ScoreConfig) -> None:
    """Score the input, or say what would be done, and say what came of it."""
    if config.plan:
        from proptag.score.plan import plan

        print(plan(config))
        return
    from proptag.score.run import score

    summary, scored = score(config)
    print(f"{config.output}: {summary}; scored {scored} now")


if __name__ == "__main__":
    script(main, ScoreConfig, "score_folder")
