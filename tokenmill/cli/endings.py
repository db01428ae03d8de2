"""Turns an exception into an exit code and a message that fits a screen.

RecipeError and DataError say what to do. Errors of the operating system get a remedy. Any other exception is a bug: its
last line is shown, and its traceback is written to a file.
"""

import errno
import os
import tempfile
import traceback

from tokenmill.core.errors import DataError, RecipeError
from tokenmill.core.extras import how_to_install

FAILED, WRONG = 1, 2

MAX_LINES = 20
MAX_CHARACTERS = 3000

_COMMITTED = "what is committed stays, and the same command continues from there"
_REMEDIES = {
    errno.ENOSPC: f"make room; {_COMMITTED}",
    errno.EDQUOT: f"make room; {_COMMITTED}",
    errno.EACCES: "change its rights, or name another place",
    errno.EPERM: "change its rights, or name another place",
    errno.EROFS: "name a place that can be written",
    errno.ENOTDIR: "a file is where a folder is expected; name another place, or move the file",
    errno.EEXIST: "a file is where a folder is expected; name another place, or move the file",
    errno.EISDIR: "a folder is where a file is expected; name the file",
    errno.ENOENT: "check the path",
    errno.EMFILE: "raise the number of files that a process may open: ulimit -n 65536",
    errno.ENAMETOOLONG: "use shorter names",
    errno.EIO: f"the disk reports damage; copy what you can; {_COMMITTED}",
    errno.ENOMEM: "use fewer --workers",
}
_READERS = ("pyarrow.", "polars.")


def ending_of(error: Exception) -> tuple[str, int]:
    """Returns (message, exit code) for an exception that reached the command line."""
    if isinstance(error, RecipeError):
        return str(error), WRONG
    if isinstance(error, DataError):
        return str(error), FAILED
    if hasattr(error, "format_message"):  # click's usage errors
        return str(error.format_message()), WRONG
    if isinstance(error, ModuleNotFoundError) and not (error.name or "").startswith("tokenmill"):
        return how_to_install(error), WRONG
    if isinstance(error, MemoryError):
        return f"out of memory; use fewer --workers, or a machine with more; {_COMMITTED}", FAILED
    if isinstance(error, OSError):
        return _of_the_system(error), FAILED
    if f"{type(error).__module__}.".startswith(_READERS):
        what = f"a file is damaged or not a table: {_last_line(error)}"
        return f"{what}. Run the recipe again, which makes damaged results again{_kept(error)}", FAILED
    return f"{_last_line(error)}. This is a bug in tokenmill or in a plug-in{_kept(error)}", FAILED


def fitting(message: str) -> str:
    """Returns the error message of a command, without its middle if it exceeds MAX_LINES or MAX_CHARACTERS."""
    lines = message.splitlines()
    if len(lines) > MAX_LINES:
        left_out = len(lines) - MAX_LINES + 1
        lines = [*lines[: MAX_LINES // 2], f"… {left_out:,} lines left out …", *lines[1 - MAX_LINES // 2 :]]
    text = "\n".join(lines)
    half = MAX_CHARACTERS // 2
    return text if len(text) <= MAX_CHARACTERS else f"{text[:half]} … {text[-half:]}"


def _of_the_system(error: OSError) -> str:
    files = " and ".join(str(one) for one in (error.filename, error.filename2) if one is not None)
    remedy = _REMEDIES.get(error.errno or 0, "")
    if files:
        return f"{files}: {error.strerror or error}" + (f"; {remedy}" if remedy else "")
    return f"{_last_line(error)}" + (f"; {remedy}" if remedy else "") + _kept(error)


def _last_line(error: Exception) -> str:
    """Returns type, message and place in the code."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({frames[-1].filename}:{frames[-1].lineno})" if frames else ""
    return "".join(traceback.format_exception_only(error)).strip() + place


def _kept(error: Exception) -> str:
    """Writes the traceback to a file and returns the end of a message that names the file."""
    try:
        handle, path = tempfile.mkstemp(prefix="tokenmill-", suffix=".traceback.txt")
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            traceback.print_exception(error, file=file)
    except OSError as no:  # a full disk must not hide the error itself
        return f"; its traceback could not be written ({no})"
    return f"; its traceback is in {path}"
