"""Compares the output of two checkouts byte by byte, to check a change that must not change results.

    python -m bench.same_bytes OLD NEW [--web FOLDER] [--work FOLDER] [--tokenizer tokenizer.json]

OLD and NEW are folders with a checkout each. Both write the mini-crawl and run configs/mini.yaml and configs/mixed.yaml
on it; with --web they also run configs/fineweb.yaml on the .warc.gz files of that folder. The script compares the files
of the mini-crawl, and the data, dropped and token files and the corpus manifest of each stage. It prints one line per
difference. Exit code: 1 if there are any, 2 if a run fails.

--work keeps the results, so that a second call with the same OLD runs only NEW again. A result is computed again if the
checkout's code has changed.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

COMPARED = ("data", "dropped", "quarantine", "corpus", "jsonl")
"""Folders of a stage whose files must be equal. Manifests of tasks are left out: they have times and fingerprints."""

PAGES = 300


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("--web", type=Path, help="A folder of .warc.gz files for the FineWeb recipe.")
    parser.add_argument("--tokenizer", type=Path, help="For the FineWeb recipe; default: the mini-crawl's.")
    parser.add_argument("--work", type=Path, help="The folder that keeps results; default: a temporary one.")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        work = options.work or Path(temporary)
        sides = [
            results(checkout.resolve(), work.resolve() / name, options.web, options.tokenizer)
            for name, checkout in (("old", options.old), ("new", options.new))
        ]
        found = list(differences(*sides))
    files, size = len(sides[0]), sum(length for length, _ in sides[0].values())
    for line in found:
        print(line)
    print(f"{len(found)} differences; {files} files of OLD with {size:,} bytes compared")
    sys.exit(1 if found else 0)


def results(checkout: Path, work: Path, web: Path | None, tokenizer: Path | None) -> dict[str, tuple[int, str]]:
    """Returns {relative path: (bytes, SHA-256)} of the compared files that the checkout writes into `work`."""
    made_by = work / "made_by"
    state = f"{code_state(checkout)} {web and web.resolve()} {tokenizer and tokenizer.resolve()}"
    if not made_by.exists() or made_by.read_text() != state:
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        call(checkout, work, "mini", "demo/crawl", "--pages", str(PAGES))
        link_inputs(work, web, tokenizer)
        for name in ("mini", "mixed", *(["fineweb"] if web else [])):
            call(checkout, work, "run", str(checkout / "configs" / f"{name}.yaml"))
        made_by.write_text(state)
    return {str(path.relative_to(work)): content(path) for path in sorted(compared(work))}


def link_inputs(work: Path, web: Path | None, tokenizer: Path | None) -> None:
    """Links the inputs of the FineWeb recipe into the folder where the recipe looks for them."""
    if web is None:
        return
    (work / "data").mkdir()
    for file in sorted(web.resolve().glob("*.warc.gz")):
        (work / "data" / file.name).symlink_to(file)
    (work / "data" / "tokenizer.json").symlink_to((tokenizer or work / "demo/crawl/tokenizer.json").resolve())


def call(checkout: Path, work: Path, *arguments: str) -> None:
    print(f"{checkout}: tokenmill {' '.join(arguments)}", file=sys.stderr, flush=True)
    environment = os.environ | {"PYTHONPATH": str(checkout)}
    done = subprocess.run(
        [sys.executable, "-m", "tokenmill", *arguments], cwd=work, env=environment, stdout=subprocess.DEVNULL
    )
    if done.returncode:
        print(f"{checkout}: exit code {done.returncode}", file=sys.stderr)
        sys.exit(2)


def code_state(checkout: Path) -> str:
    """Returns a hash of the checkout's package and recipes."""
    digest = hashlib.sha256()
    for path in sorted([*(checkout / "tokenmill").rglob("*"), *(checkout / "configs").glob("*.yaml")]):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(str(path.relative_to(checkout)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def compared(work: Path) -> Iterator[Path]:
    yield from (path for path in (work / "demo").rglob("*") if path.is_file())
    for folder in (work / "runs").glob("*/*/*"):
        if folder.name in COMPARED:
            yield from (path for path in folder.rglob("*") if path.is_file())


def content(path: Path) -> tuple[int, str]:
    with path.open("rb") as file:
        return path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest()


def differences(old: dict[str, tuple[int, str]], new: dict[str, tuple[int, str]]) -> Iterator[str]:
    for path in sorted(old.keys() | new.keys()):
        if path not in new:
            yield f"only OLD  {path}"
        elif path not in old:
            yield f"only NEW  {path}"
        elif old[path] != new[path]:
            yield f"differs   {path}: {old[path][0]:,} and {new[path][0]:,} bytes"


if __name__ == "__main__":
    main()
