"""Errors that a person can act on."""

from __future__ import annotations


class AlluviumError(Exception):
    """Work that failed: says what happened, where, and what to do. Ends a command with exit code 1."""

    exit_code = 1

    def __init__(self, what: str, where: str | None = None, do: str | None = None) -> None:
        self.what, self.where, self.do = what, where, do
        super().__init__(str(self))

    def __str__(self) -> str:
        place = f" ({self.where})" if self.where else ""
        advice = f". {self.do}" if self.do else ""
        return f"{self.what}{place}{advice}"


class UsageError(AlluviumError):
    """A command called the wrong way. Ends a command with exit code 2."""

    exit_code = 2
