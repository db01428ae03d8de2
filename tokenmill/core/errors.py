"""The two kinds of errors that a user can act on. Any other error that reaches the user is a bug in tokenmill."""

import difflib
from collections.abc import Iterable, Sequence

_NAMES = 40  # that a message lists at most; a vocabulary may have 50,000 tokens


class RecipeError(Exception):
    """A wrong name, setting, type or path, which the user can fix in the recipe or on the command line. Exit code 2."""


class DataError(Exception):
    """The data is not as required: a corrupt file, a clash of ids, a checksum that differs. Exit code 1."""


class DamagedFile(DataError):
    """A file that a task has committed is missing or changed. `file` is its path."""

    def __init__(self, file: str, problem: str) -> None:
        super().__init__(f"{file}: {problem}")
        self.file, self.problem = file, problem

    def __reduce__(self) -> tuple[type["DamagedFile"], tuple[str, str]]:
        return type(self), (self.file, self.problem)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Returns the end of an error message: `; did you mean 'x'?` for the nearest known name, else all known names.

    The known names are sorted; "" if there are none.
    """
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if near:
        return f"; did you mean {near[0]!r}?"
    more = f" and {len(names) - _NAMES:,} more" if len(names) > _NAMES else ""
    return f"; known: {', '.join(names[:_NAMES])}{more}" if names else ""


def listed(problems: Sequence[str]) -> str:
    """Returns problems for an error message: one unchanged, several as a list with one line per problem."""
    if len(problems) == 1:
        return problems[0]
    return "\n- ".join([f"{len(problems)} problems:", *problems])


def short(value: object, *, limit: int = 200) -> str:
    """Returns the repr of a value for an error message, cut in the middle to about `limit` characters."""
    if isinstance(value, str) and len(value) > 2 * limit:
        value = value[:limit] + value[-limit:]  # the repr of a whole file would be slow
    shown = repr(value)
    half = limit // 2
    return shown if len(shown) <= limit else f"{shown[:half]} … {shown[-half:]}"
