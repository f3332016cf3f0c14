"""Check the seed articles: ``python scripts/check_seeds.py output=docs/seeds-figures.md``; exit code 1 if a rule is broken."""

from pathlib import Path

from proptag.cli import script
from proptag.config import CheckSeedsConfig
from proptag.errors import UserError


def main(config: CheckSeedsConfig) -> None:
    """Print the tables, or write them to a file, and name every broken rule."""
    from proptag.manifest import write_text
    from proptag.seed_check.rules import read
    from proptag.seed_check.tables import markdown

    check = read(config)
    if config.output is None:
        print(markdown(check))
    else:
        write_text(Path(config.output), markdown(check))
        print(f"figures: {config.output}")
    if problems := check.problems():
        raise UserError("\n".join(f"- {problem}" for problem in problems))
    print("the seed articles keep every rule")


if __name__ == "__main__":
    script(main, CheckSeedsConfig, "check_seeds")
