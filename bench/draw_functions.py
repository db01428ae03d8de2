"""Draws public functions at random, to test whether the layout tells a reader where things are.

    python -m bench.draw_functions [--count 10] [--seed 0] [--answers]

It prints the first sentence of each function's docstring without the function's name. A reader who knows only DESIGN.md
then says in which file each function is. --answers prints the files.
"""

import argparse
import ast
import random
import re
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "tokenmill"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--answers", action="store_true")
    options = parser.parse_args()
    drawn = random.Random(options.seed).sample(sorted(public_functions()), options.count)
    for number, (path, name, sentence) in enumerate(drawn, start=1):
        print(f"{number:2}. {f'{path}: {name}' if options.answers else sentence}")


def public_functions() -> Iterator[tuple[str, str, str]]:
    """Yields (file, name, first sentence of the docstring without the name) of public functions with a docstring."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and node.name != "warm":
                text = ast.get_docstring(node)
                if text:
                    yield path.relative_to(PACKAGE.parent).as_posix(), node.name, first_sentence(text, node.name)


def first_sentence(text: str, name: str) -> str:
    sentence = re.split(r"(?<=\.)\s", " ".join(text.split()), maxsplit=1)[0]
    return re.sub(rf"\b{re.escape(name)}\b", "…", sentence)


if __name__ == "__main__":
    main()
