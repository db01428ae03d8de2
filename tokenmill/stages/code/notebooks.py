"""Converts Jupyter notebooks to text: prose and code in order, without outputs, which are most of their bytes.

It reads nbformat versions 3 and 4: https://nbformat.readthedocs.io/en/latest/format_description.html
"""

import json
from collections.abc import Iterator
from typing import Any

NOTEBOOK = "Jupyter Notebook"
KINDS = ("markdown", "script", "keep")
_CALLED = {
    "python": "Python", "ipython": "Python", "r": "R", "julia": "Julia", "scala": "Scala", "javascript": "JavaScript",
    "typescript": "TypeScript", "c++": "C++", "bash": "Shell", "sos": "Python", "rust": "Rust", "go": "Go",
    "java": "Java", "ruby": "Ruby", "haskell": "Haskell", "octave": "MATLAB", "matlab": "MATLAB", "sql": "SQL",
    "c#": "C#", "f#": "F#",
}  # fmt: skip
_COMMENTS = {
    **dict.fromkeys(("JavaScript", "TypeScript", "C++", "Rust", "Go", "Java", "Scala", "C#", "F#"), "// "),
    "Haskell": "-- ", "SQL": "-- ", "MATLAB": "% ",
}  # fmt: skip


class NotANotebook(Exception):
    """The text is not a notebook. The message says what was found."""


def converted(text: str, kind: str) -> tuple[str, str]:
    """Returns (text, language) of a Jupyter notebook. Raises NotANotebook.

    kind: "markdown" gives prose with fenced code, in the language NOTEBOOK. "script" gives the code with the prose in
    comments, in the kernel's language.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NotANotebook(f"not JSON: {error}"[:200]) from error
    if not isinstance(value, dict):
        raise NotANotebook(f"a JSON {type(value).__name__}")
    name = _language(value.get("metadata"))
    language = _CALLED.get(name, name.capitalize())
    cells = list(_cells(value))
    if kind == "markdown":
        parts = [f"```{name}\n{source}\n```" if is_code else source for is_code, source in cells]
        return _joined(parts), NOTEBOOK
    sign = _COMMENTS.get(language, "# ")
    return _joined(source if is_code else _commented(source, sign) for is_code, source in cells), language


def _cells(value: dict[str, Any]) -> Iterator[tuple[bool, str]]:
    """Yields (whether it is code, its source) for each cell that is not blank."""
    cells = value.get("cells")
    if cells is None and isinstance(sheets := value.get("worksheets"), list):  # nbformat 3
        cells = [cell for sheet in sheets if isinstance(sheet, dict) for cell in _list(sheet.get("cells"))]
    if not isinstance(cells, list):
        raise NotANotebook("no cells")
    for cell in cells:
        if not isinstance(cell, dict) or cell.get("cell_type") not in ("code", "markdown", "heading"):
            continue
        source = cell.get("source", cell.get("input", ""))
        lines = source if isinstance(source, str) else "".join(line for line in _list(source) if isinstance(line, str))
        if lines.strip():
            yield cell["cell_type"] == "code", _sound(lines.strip("\n"))


def _language(metadata: Any) -> str:
    """Returns the kernel's language in lower case; Python if the notebook does not state it, as old ones do not."""
    if not isinstance(metadata, dict):
        return "python"
    for part, key in (("language_info", "name"), ("kernelspec", "language")):
        found = metadata.get(part)
        if isinstance(found, dict) and isinstance(found.get(key), str) and found[key].isprintable():
            return _sound(found[key].lower()[:40]) or "python"
    return "python"


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _commented(text: str, sign: str) -> str:
    return "\n".join((sign + line).rstrip() for line in text.split("\n"))


def _joined(parts: Any) -> str:
    return "".join(f"{part}\n\n" for part in parts).rstrip("\n") + "\n"


def _sound(text: str) -> str:
    """Replaces half a surrogate pair, which JSON can express, by U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
