"""Checks the format of a run folder before anything in it is used or changed. recipe.yaml states it in its first line.

The format number is increased when files in the folder change in a way that another version of tokenmill would misread.
Each manifest has the same number.
"""

import re

from tokenmill.core.errors import RecipeError
from tokenmill.core.io import storage
from tokenmill.core.version import __version__
from tokenmill.pipeline.record.manifest import FORMAT

_FIRST_LINE = re.compile(rb"# run folder of format (\d+), written by tokenmill (\S+)\n")
_UNMARKED = 2  # the last format without this line


def format_line() -> bytes:
    """Returns the first line of a run's recipe.yaml: a comment, so that the file stays a valid recipe."""
    return f"# run folder of format {FORMAT}, written by tokenmill {__version__}\n".encode()


def check_format(folder: str) -> None:
    """Raises RecipeError if `folder` is a run of another format. Does nothing if it is not a run."""
    recipe = storage.read_if_there(storage.join(folder, "recipe.yaml"))
    if recipe is None:
        return
    found = _FIRST_LINE.match(recipe)
    number = int(found[1]) if found else _UNMARKED
    if number == FORMAT:
        return
    writer = f"tokenmill {found[2].decode()}" if found else "an earlier tokenmill"
    if number > FORMAT:
        advice = "Upgrade tokenmill, or give another folder with --out"
    else:
        advice = f"Use {writer}, or give another folder with --out and run again; delete this one when it is not needed"
    raise RecipeError(
        f"{folder}: a run folder of format {number}, written by {writer}. This is tokenmill {__version__}, which uses "
        f"format {FORMAT}. {advice}"
    )
