"""What limner raises when something a person can mend is wrong: what is wrong, where, and what to do."""


class LimnerError(Exception):
    """Base of every error that limner raises on purpose.

    Args:
        message: what is wrong and where, one sentence.
        tip: what to do about it, one sentence or command; shown on a line of its own.
    """

    def __init__(self, message: str, tip: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.tip = tip

    def __str__(self) -> str:
        return f"{self.message}\ntip: {self.tip}" if self.tip else self.message


class RecipeError(LimnerError):
    """A recipe, or an override on the command line, says something impossible."""


class DataError(LimnerError):
    """Pictures are missing, unreadable or do not fit together."""


class RunError(LimnerError):
    """A run folder cannot be created, opened, resumed or written."""


class CheckpointError(RunError):
    """A checkpoint is damaged or does not fit the run."""


class WeightsError(LimnerError):
    """A file of weights is missing, unsafe or belongs to another network."""


class MissingExtraError(LimnerError):
    """A command needs an optional part of limner that is not installed."""

    def __init__(self, extra: str, needed_for: str) -> None:
        super().__init__(f"{needed_for} needs the optional part '{extra}'.", f"pip install 'limner[{extra}]'")
