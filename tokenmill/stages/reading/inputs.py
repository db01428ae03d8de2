"""Finds the files that a Source reads: turns globs into shards, with a helpful error if there is nothing to read."""

import os
from collections import Counter
from collections.abc import Iterable
from itertools import takewhile

from tokenmill.core.errors import RecipeError, did_you_mean
from tokenmill.core.io import storage
from tokenmill.core.io.http import is_http
from tokenmill.core.io.url_secrets import shown
from tokenmill.core.kinds import Shard

_SHOWN = 12


def file_shards(paths: str | Iterable[str], source: str) -> list[Shard]:
    """Returns one shard per input file that the globs of a Source match, in the order of the globs, then by name.

    A file counts once. Raises RecipeError for a glob that matches no file, with the nearest name that exists.
    """
    files: dict[str, storage.Found] = {}
    for pattern in [paths] if isinstance(paths, str) else paths:
        found = storage.find(pattern)
        if not found:
            raise RecipeError(f"paths: {shown(pattern)!r} matches no file{_nearest(pattern)}")
        files.update((file, found[file]) for file in sorted(found) if file not in files)
    return [_shard(number, source, file, about) for number, (file, about) in enumerate(files.items())]


def short_names(files: Iterable[str]) -> dict[str, str]:
    """Returns {input file: shortest end of its path that no other file has}, for files whose base name is not unique.

    Paths start below the folder that contains all files, so a name does not depend on where that folder is.
    """
    paths = {file: file.split("/") for file in files}
    first, last = min(paths.values(), default=[]), max(paths.values(), default=[])
    common = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(first[:-1], last[:-1], strict=False)))
    left = {file: parts[common:] for file, parts in paths.items()}
    names: dict[str, str] = {}
    length = 0
    while left:
        length += 1
        ends = {file: "/".join(parts[-length:]) for file, parts in left.items()}
        times = Counter(ends.values())
        # a path without further parts is unique: the others with this end have more parts
        done = {file for file, end in ends.items() if times[end] == 1 or len(left[file]) <= length}
        names |= {file: ends[file] for file in done if length > 1}
        left = {file: parts for file, parts in left.items() if file not in done}
    return names


def _shard(number: int, source: str, address: str, about: storage.Found) -> Shard:
    file = shown(address)
    etag = about.etag or storage.etag(address)
    return Shard(number, source, file, 0, about.size, about.size, etag, address if file != address else "")


def _nearest(pattern: str) -> str:
    """Describes the nearest existing folder, for the message about a path that does not exist."""
    if is_http(pattern):
        return "; there is no file at this address, and an HTTP server cannot list its files: name each file"
    if storage.is_url(pattern):
        return ""
    folder = "/" if pattern.startswith("/") else "."
    for part in pattern.strip("/").split("/"):
        inner = os.path.join(folder, part)
        if not os.path.isdir(inner):
            there = sorted(os.listdir(folder))
            if any(mark in part for mark in "*?["):
                shown = ", ".join(there[:_SHOWN]) + (", …" if len(there) > _SHOWN else "")
                hint = "; [ in a name is written [[]" if "[" in pattern else ""
                return f"; {folder!r} holds: {shown or 'nothing'}{hint}"
            hint = did_you_mean(part, there)
            return f"; the folder {folder!r} has no {part!r}{hint if len(there) <= _SHOWN or '?' in hint else ''}"
        folder = inner
    return f"; it is a folder, name its files: {pattern.rstrip('/')}/*"
