"""The two kinds of failure that are told to a person in words instead of a stack trace."""


class UserError(Exception):
    """The work could not be done for a reason outside the program: bad data, a missing file, a broken folder."""

    exit_code = 1


class SettingsError(UserError):
    """The command was called wrongly; holds every problem found, not only the first."""

    exit_code = 2

    def __init__(self, problems: list[str]) -> None:
        """Join ``problems`` into one message, a line each."""
        self.problems = tuple(problems)
        super().__init__("\n".join(problems) if len(problems) == 1 else "\n".join(f"- {p}" for p in problems))
