"""Finds files of the user that hide modules of the standard library, because the errors they cause do not name them."""

import os
import sys
from collections.abc import Iterator

from tokenmill.core.errors import RecipeError


def refuse_hidden_modules() -> None:
    """Raises RecipeError if a module was imported in place of one of the standard library.

    It comes from a folder that is before the standard library in sys.path, such as the one in which
    `python -m tokenmill` is started.
    """
    for name, file in _hidden():
        raise RecipeError(
            f"{file} hides Python's own module {name!r}; rename it, or start `pipeline` instead of "
            "`python -m tokenmill`, without that folder in PYTHONPATH"
        )


def _hidden() -> Iterator[tuple[str, str]]:
    """Yields (module, the file that was imported instead), sorted by name."""
    library = os.path.dirname(os.__file__)
    before = sys.path[: sys.path.index(library)] if library in sys.path else []
    folders = {os.path.abspath(folder) for folder in before}
    for name in sorted(sys.stdlib_module_names & sys.modules.keys()):
        file = getattr(sys.modules[name], "__file__", None) or ""
        own = os.path.dirname(file) if os.path.basename(file).startswith("__init__.") else file
        if file and os.path.dirname(os.path.abspath(own)) in folders:
            yield name, file
