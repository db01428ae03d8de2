"""The two errors a user can act on. Anything else that escapes is a bug in tokenmill."""

import difflib
from collections.abc import Iterable


class RecipeError(Exception):
    """The person can fix it in the recipe or on the command line: a wrong name, setting, type or path. Exit code 2."""


class DataError(Exception):
    """The data broke a promise: a corrupt file, a clash of ids, a checksum that differs. Exit code 1."""


class DamagedFile(DataError):
    """A file that a task has committed is gone or not as it was written; file: which one."""

    def __init__(self, file: str, problem: str) -> None:
        super().__init__(f"{file}: {problem}")
        self.file, self.problem = file, problem

    def __reduce__(self) -> tuple[type["DamagedFile"], tuple[str, str]]:
        return type(self), (self.file, self.problem)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?` for the nearest known name, else the sorted list of known names, else nothing."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; known: {', '.join(names)}" if names else ""
