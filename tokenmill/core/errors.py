"""The two errors a user can act on. Anything else that escapes is a bug in tokenmill."""

import difflib
from collections.abc import Iterable, Sequence

_NAMES = 40  # that a message lists: not a vocabulary of 50,000 tokens


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
    more = f" and {len(names) - _NAMES:,} more" if len(names) > _NAMES else ""
    return f"; known: {', '.join(names[:_NAMES])}{more}" if names else ""


def listed(problems: Sequence[str]) -> str:
    """One problem as it is, several as a list."""
    if len(problems) == 1:
        return problems[0]
    return "\n- ".join([f"{len(problems)} problems:", *problems])


def short(value: object, *, limit: int = 200) -> str:
    """The repr of a value for a message: at most about `limit` characters, the rest is left out of the middle."""
    if isinstance(value, str) and len(value) > 2 * limit:
        value = value[:limit] + value[-limit:]  # the repr of a whole file would be slow
    shown = repr(value)
    half = limit // 2
    return shown if len(shown) <= limit else f"{shown[:half]} … {shown[-half:]}"
