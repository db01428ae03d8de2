"""The files a source reads: globs to shards, and a helpful refusal where there is nothing to read."""

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
    """One shard for each file that the globs name, in the order of the globs, then by name; a file counts once.

    Raises RecipeError for a glob that matches no file, with the nearest name that there is.
    """
    files: dict[str, storage.Found] = {}
    for pattern in [paths] if isinstance(paths, str) else paths:
        found = storage.find(pattern)
        if not found:
            raise RecipeError(f"paths: {shown(pattern)!r} matches no file{_nearest(pattern)}")
        files.update((file, found[file]) for file in sorted(found) if file not in files)
    return [_shard(number, source, file, about) for number, (file, about) in enumerate(files.items())]


def short_names(files: Iterable[str]) -> dict[str, str]:
    """For each file whose base name others have too, the shortest end of its path that no other has.

    Paths are taken below the folder that all files are in, so that a name does not hang on where that lies.
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
        # a path that has no more parts is the only whole one of these
        done = {file for file, end in ends.items() if times[end] == 1 or len(left[file]) <= length}
        names |= {file: ends[file] for file in done if length > 1}
        left = {file: parts for file, parts in left.items() if file not in done}
    return names


def _shard(number: int, source: str, address: str, about: storage.Found) -> Shard:
    file = shown(address)
    etag = about.etag or storage.etag(address)
    return Shard(number, source, file, 0, about.size, about.size, etag, address if file != address else "")


def _nearest(pattern: str) -> str:
    """What there is where the first part of a local path is missing."""
    if is_http(pattern):
        return "; there is none at this address, and a server cannot be asked for a list: name each file"
    if storage.is_url(pattern):
        return ""
    folder = "/" if pattern.startswith("/") else "."
    for part in pattern.strip("/").split("/"):
        inner = os.path.join(folder, part)
        if not os.path.isdir(inner):
            there = sorted(os.listdir(folder))
            if any(mark in part for mark in "*?["):
                shown = ", ".join(there[:_SHOWN]) + (", …" if len(there) > _SHOWN else "")
                return f"; {folder!r} holds: {shown or 'nothing'}"
            hint = did_you_mean(part, there)
            return f"; in {folder!r}, which has no {part!r}{hint if len(there) <= _SHOWN or '?' in hint else ''}"
        folder = inner
    return f"; it is a folder, name its files: {pattern.rstrip('/')}/*"
