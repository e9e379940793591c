"""What every error that a person can do something about derives from: text of one line each, and an exit code."""

from __future__ import annotations


class MailcaseError(Exception):
    """Something went wrong that needs no traceback. `problems` are lines for people: the thing, and the remedy.

    `exit_code` is what the command line ends with: 1 when it did not work, 2 when it was asked or configured wrongly.
    """

    exit_code = 1

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems
