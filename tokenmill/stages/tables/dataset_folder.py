"""Lists the data files of a folder in one of Hugging Face's layouts: that of `save_to_disk`, or that of the hub.

save_to_disk: `state.json`, next to the .arrow files, names them in order. If there are several splits,
`dataset_dict.json` in the folder above names their folders. Hub: data files are anywhere below the folder, and a word
in the name of a file or folder gives the split.
"""

import json
import posixpath
import re
from typing import Any

from tokenmill.core.errors import DataError, RecipeError, did_you_mean
from tokenmill.core.io import storage
from tokenmill.core.io.http import is_http
from tokenmill.stages.tables.file_kinds import PAGES_ADVICE, is_page

ENDINGS = (
    ".parquet", ".arrow", ".feather", ".jsonl", ".jsonl.gz", ".jsonl.zst", ".ndjson", ".json.gz", ".json.zst", ".csv",
    ".csv.gz", ".csv.zst", ".tsv", ".tsv.gz", ".tsv.zst",
)  # fmt: skip
_WORDS = {
    "train": "train", "training": "train", "test": "test", "testing": "test", "eval": "test", "evaluation": "test",
    "validation": "validation", "valid": "validation", "val": "validation", "dev": "validation",
}  # fmt: skip
_WORD = re.compile(r"[a-z]+")


def is_folder(path: str) -> bool:
    """Returns True if an input path is a folder, local or in an object store; False for a glob or an HTTP address."""
    if is_http(path) or any(mark in path for mark in "*?["):
        return False
    return storage.size_of(path) < 0 and storage.exists(path)


def dataset_files(folder: str, splits: tuple[str, ...]) -> list[str]:
    """Returns the data files of a Hugging Face dataset's folder, of the given splits, or of all if `splits` is empty.

    Raises RecipeError if there are no data files or no such split, DataError if a saved dataset is incomplete.
    """
    found = _saved(folder, splits) or _on_hub(folder)
    if not found:
        raise RecipeError(f"paths: {folder!r} is a folder without data files; {_remedy(folder)}")
    known = sorted({split for split, _ in found})
    for split in splits:
        if split not in known:
            raise RecipeError(f"splits: {folder!r} has no split {split!r}, but {known}{did_you_mean(split, known)}")
    return [file for split, file in found if not splits or split in splits]


def _remedy(folder: str) -> str:
    """Returns what to do with a folder without data files."""
    files = _shown_files(folder)
    if any(map(is_page, files)):
        return f"it has pages of HTML: {PAGES_ADVICE}"
    if any(file.lower().endswith(".json") for file in files):
        return f"if its .json files are data, name them: {folder.rstrip('/')}/*.json"
    return f"expected {', '.join(ENDINGS)}"


def _saved(folder: str, splits: tuple[str, ...]) -> list[tuple[str, str]]:
    """Returns (split, file) for each file of a saved dataset, or [] if the folder is not a saved dataset.

    splits: the splits whose files must exist; all if it is empty.
    """
    named = _facts(folder, "dataset_dict.json").get("splits")
    if not named:
        return _saved_split(folder, "")
    place = storage.join(folder, "dataset_dict.json")
    named = named if isinstance(named, list) else [named]
    for split in named:
        if not _is_name(split):
            raise RecipeError(f"paths: {place} names the split {split!r}, which cannot be the name of a folder")
        state = storage.join(folder, split, "state.json")
        if (not splits or split in splits) and storage.size_of(state) < 0:
            raise DataError(f"{place} names the split {split!r}, but there is no {state}; copy that too, or set splits")
    return [pair for split in named for pair in _saved_split(storage.join(folder, split), split)]


def _saved_split(folder: str, name: str) -> list[tuple[str, str]]:
    state = _facts(folder, "state.json")
    if state.get("_indices_files") or state.get("_indices_data_files"):
        raise RecipeError(f"paths: {folder!r} is a selection of rows; save it again after flatten_indices()")
    files: list[str] = []
    for one in _listed(state):
        file = one.get("filename") if isinstance(one, dict) else None
        if not isinstance(file, str):
            raise DataError(f'{folder}/state.json: _data_files has {str(one)[:200]!r}, expected {{"filename": NAME}}')
        if not _is_name(file):
            raise RecipeError(f"paths: {folder}/state.json names the file {file!r}, which cannot be the name of a file")
        files.append(file)
    split = state.get("_split")
    return [
        (name or (split if isinstance(split, str) and split else "train"), storage.join(folder, file)) for file in files
    ]


def _is_name(said: Any) -> bool:
    """Returns True if a file in a folder can have this name, which excludes paths, NUL and half surrogate pairs."""
    is_name = isinstance(said, str) and posixpath.basename(said) == said and said not in ("", ".", "..")
    return is_name and "\0" not in said and said == said.encode("utf-8", "ignore").decode()


def _listed(state: dict[str, Any]) -> list[Any]:
    listed = state.get("_data_files") or []
    return listed if isinstance(listed, list) else [listed]


def _facts(folder: str, name: str) -> dict[str, Any]:
    path = storage.join(folder, name)
    if storage.size_of(path) < 0:
        return {}
    try:
        said = json.loads(storage.read_bytes(path))
    except (ValueError, RecursionError) as error:
        raise RecipeError(f"paths: {path} is not JSON: {error}") from error
    return said if isinstance(said, dict) else {}


def _on_hub(folder: str) -> list[tuple[str, str]]:
    files = _shown_files(folder)
    return [(_split_of(inside), file) for file, inside in files.items() if file.lower().endswith(ENDINGS)]


def _shown_files(folder: str) -> dict[str, str]:
    """Returns {file: its path below the folder} for the files anywhere below it that are not hidden."""
    root = folder.rstrip("/")
    pattern = root if storage.is_url(root) else root.replace("[", "[[]")
    inside = {file: _bare(file)[len(_bare(root)) :] for file in storage.expand(f"{pattern}/**")}
    return {file: path for file, path in inside.items() if not any(part.startswith(".") for part in path.split("/"))}


def _bare(path: str) -> str:
    """Returns the path without its scheme and leading slashes, which stores may write or omit."""
    return (path.partition("://")[2] if storage.is_url(path) else path).lstrip("/")


def _split_of(path: str) -> str:
    """Returns the split that the last known word of a path names; train if there is no such word."""
    words = [_WORDS[word] for word in _WORD.findall(path.lower()) if word in _WORDS]
    return words[-1] if words else "train"
