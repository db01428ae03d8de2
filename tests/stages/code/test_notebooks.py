"""Notebooks become prose with fenced code, or a script with its prose in comments; outputs are left out."""

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenmill.stages.code.notebooks import NOTEBOOK, NotANotebook, converted
from tokenmill.stages.code.read_code import ReadCode

CELLS = [
    {"cell_type": "markdown", "source": ["# Title\n", "Some *prose*."]},
    {"cell_type": "code", "source": "x = 1\nx\n", "outputs": [{"data": {"image/png": "AAAA" * 999}}]},
    {"cell_type": "raw", "source": "raw"},
    {"cell_type": "code", "source": ["  \n"]},
]


def notebook(cells: Any = CELLS, **metadata: Any) -> str:
    return json.dumps({"nbformat": 4, "metadata": metadata, "cells": cells})


def test_markdown_and_script() -> None:
    text = notebook(language_info={"name": "python"})
    assert converted(text, "markdown") == ("# Title\nSome *prose*.\n\n```python\nx = 1\nx\n```\n", NOTEBOOK)
    assert converted(text, "script") == ("# # Title\n# Some *prose*.\n\nx = 1\nx\n", "Python")


def test_the_kernel_says_the_language() -> None:
    text = notebook(kernelspec={"language": "C++", "name": "xcpp"})
    assert converted(text, "script") == ("// # Title\n// Some *prose*.\n\nx = 1\nx\n", "C++")


def test_version_3() -> None:
    cells = [{"cell_type": "heading", "source": "Top", "level": 1}, {"cell_type": "code", "input": ["print 1"]}]
    text = json.dumps({"nbformat": 3, "worksheets": [{"cells": cells}]})
    assert converted(text, "markdown")[0] == "Top\n\n```python\nprint 1\n```\n"


@pytest.mark.parametrize("text", ["", "[]", "{", '{"cells": 1}', "{}", "[" * 100_000])
def test_what_is_no_notebook(text: str) -> None:
    with pytest.raises(NotANotebook):
        converted(text, "markdown")


VALUES = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["cell_type", "source", "input", "cells", "metadata", "name"]), inner, max_size=3
        )
    ),
    max_leaves=6,
)


@settings(max_examples=25)
@given(VALUES, VALUES, st.sampled_from(["markdown", "script"]))
def test_any_json_is_survived(cells: Any, metadata: Any, kind: str) -> None:
    try:
        text, _ = converted(json.dumps({"cells": cells, "metadata": {"kernelspec": metadata}}), kind)
    except NotANotebook:
        return
    text.encode()


def test_in_an_archive(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "r.tar", "w") as archive:
        for name, text in (("r/a.ipynb", notebook()), ("r/b.ipynb", "no"), ("r/c.ipynb", notebook([]))):
            info = tarfile.TarInfo(name)
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))

    def read(**options: Any) -> list[tuple[Any, Any, Any]]:
        work = ReadCode(paths=str(tmp_path / "r.tar"), **options)
        rows = [row for batch in work.read(work.shards()[0]) for row in batch.to_pylist()]
        return [(row["code_lang"], row["text"], row.get("drop_rule")) for row in rows]

    assert read()[0] == (NOTEBOOK, "# Title\nSome *prose*.\n\n```python\nx = 1\nx\n```\n", None)
    assert [rule for _, _, rule in read()] == [None, "read_code.notebook", "read_code.empty"]
    assert read(notebooks="script")[0][0] == "Python"
    assert read(notebooks="keep")[0] == (NOTEBOOK, notebook(), None)
