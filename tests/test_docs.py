"""The Python examples in docs/ run, one page after the other, each in a folder of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
PAGES = [page.name for page in sorted(DOCS.glob("*.md")) if "```python" in page.read_text(encoding="utf-8")]


def test_the_pages_with_examples_are_found() -> None:
    assert "python.md" in PAGES


@pytest.mark.parametrize("page", PAGES)
def test_the_examples_of_a_page_run(page: str, tmp_path: Path) -> None:
    """As one script, without a main guard, on the lines that they have in the page."""
    text = (DOCS / page).read_text(encoding="utf-8")
    code, inside = [], False
    for line in text.splitlines():
        if line.startswith("```"):
            inside = line == "```python"
            line = ""
        code.append(line if inside else "")
    (tmp_path / f"{page.removesuffix('.md')}.py").write_text("\n".join(code))
    command = [sys.executable, f"{page.removesuffix('.md')}.py"]
    environment = os.environ | {"PYTHONPATH": str(DOCS.parent)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
