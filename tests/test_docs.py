"""The Python examples in docs/ and CONTRIBUTING.md run, each page in its own folder.

The ```python blocks of a page are one script. A ```python or ```yaml block whose first line is
`# file: mylab/long_words.py` is not part of it: it is written to that file before the script starts.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [
    page for page in sorted([*ROOT.glob("docs/*.md"), ROOT / "CONTRIBUTING.md"]) if "```python" in page.read_text()
]
FILE = "# file: "


def script_and_files(text: str) -> tuple[str, dict[str, str]]:
    """Returns (the script, each block on the lines that it has in the page; {path: content} of the files)."""
    script: list[str] = []
    files: dict[str, list[str]] = {}
    block: list[str] | None = None  # the list that gets the next lines; None outside of blocks
    begins = False
    for line in text.splitlines():
        script.append("")
        if line.startswith("```"):
            begins = line in ("```python", "```yaml")
            block = script if line == "```python" else None
        elif begins and line.startswith(FILE):
            assert line not in files, f"{line}: shown twice"
            block = files.setdefault(line.removeprefix(FILE), [])
            begins = False
        else:
            if block is script:
                script[-1] = line
            elif block is not None:
                block.append(line)
            begins = False
    return "\n".join(script), {path: "\n".join(lines) + "\n" for path, lines in files.items()}


def test_the_pages_with_examples_are_found() -> None:
    new = {"first_run.md", "reading_outputs.md", "token_format.md"}
    assert new | {"python.md", "plugins.md", "CONTRIBUTING.md"} <= {page.name for page in PAGES}


def test_a_block_is_part_of_the_script_or_a_file() -> None:
    file = "```python\n# file: a/b.py\ny = 2\n\nz = 3\n```"
    recipes = "```yaml\n# file: c.yaml\nrun: c\n```\n```yaml\nrun: no\n```"
    page = f"text\n```python\nx = 1\n```\n{file}\n```\nno\n```\n```python\nw = 4\n```\n{recipes}"
    script, files = script_and_files(page)
    assert files == {"a/b.py": "y = 2\n\nz = 3\n", "c.yaml": "run: c\n"}
    assert {number: line for number, line in enumerate(script.split("\n")) if line} == {2: "x = 1", 14: "w = 4"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_examples_of_a_page_run(page: Path, tmp_path: Path) -> None:
    """The page runs as one script without a main guard. Its lines have the numbers that they have in the page."""
    script, files = script_and_files(page.read_text(encoding="utf-8"))
    name = f"{page.stem.lower()}_page.py"
    for path, content in {**files, name: script}.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(content)
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, name], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
