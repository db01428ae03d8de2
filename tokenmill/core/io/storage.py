"""Open, list, commit and delete files, over local paths and fsspec URLs.

Nothing here assumes rename on object storage: a local file is written beside its place and renamed, a remote one
becomes visible when it is closed, and a run counts only what a manifest lists.

What is written is synced to the disk, the file before it is renamed and its folder after, so that no power cut leaves a
manifest without the files that it lists. Only scratch files and spills are not (sync=False): who reads them compares
their checksums, and makes them again.
"""

import errno
import os
import shutil
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any

import xxhash

from tokenmill.core.io import http, local_input, remote


@dataclass(frozen=True)
class FileRecord:
    """A written file as a manifest lists it: path as given, size in bytes, XXH3-128 hex of the content, rows (-1: not a
    table).
    """

    path: str
    bytes: int
    xxh3: str
    rows: int = -1


@dataclass(frozen=True)
class Found:
    """A file that a glob found. etag: identifies its content without reading all of it; "" if it is not known yet."""

    size: int
    etag: str = ""


def is_url(path: str) -> bool:
    """True for `scheme://…`; everything else is a local path."""
    return "://" in path


def join(folder: str, *names: str) -> str:
    """folder/name/…, for paths and URLs alike."""
    return "/".join([folder.rstrip("/") or "/", *names])


def open_input(path: str) -> IO[bytes]:
    """The file opened for reading bytes; seekable. A remote one reads ahead only for consecutive reads."""
    if http.is_http(path):
        return http.open_file(path)
    return local_input.open_local(path) if not is_url(path) else remote.open_input(path)


@contextmanager
def open_output(path: str, *, sync: bool = True) -> Iterator[IO[bytes]]:
    """A file to write bytes to. It appears at `path`, whole, when the block ends, and not at all if the block fails.

    sync: a local file is on the disk then, and survives a power cut.
    """
    if is_url(path):
        with remote.open_output(path) as file:
            yield file
        return
    with _local_output(path, sync=sync) as local:
        yield local
    if sync:
        _sync_folder(os.path.dirname(path))


@contextmanager
def _local_output(path: str, *, sync: bool) -> Iterator[IO[bytes]]:
    """As open_output; the folder is not synced."""
    make_folder(os.path.dirname(path))
    # a unique name, because two copies of a task may write the same file at once
    unfinished = f"{path}.{uuid.uuid4().hex[:12]}.tmp"
    try:
        with open(unfinished, "wb") as local:
            yield local
            if sync:
                _sync(local)
        os.replace(unfinished, path)
    except BaseException:
        delete(unfinished)
        raise


def _sync(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())


def _sync_folder(folder: str) -> None:
    """The names in the folder survive a power cut."""
    place = os.open(folder or ".", os.O_RDONLY)
    try:
        os.fsync(place)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some file systems cannot sync a folder
            raise
    finally:
        os.close(place)


def make_folder(folder: str) -> None:
    """A local folder and those above it, whose names survive a power cut."""
    if not folder or os.path.isdir(folder):
        return
    above = os.path.dirname(folder)
    make_folder(above)
    os.makedirs(folder, exist_ok=True)
    _sync_folder(above)


def exists(path: str) -> bool:
    """True if there is a file or folder at path."""
    if http.is_http(path):
        return http.found(path) is not None
    return os.path.exists(path) if not is_url(path) else remote.info(path) is not None


def size_of(path: str) -> int:
    """Bytes, or -1 if there is no file."""
    if not is_url(path):
        return os.path.getsize(path) if os.path.isfile(path) else -1
    if http.is_http(path):
        version = http.found(path)
        return version.size if version else -1
    info = remote.info(path)
    return int(info["size"]) if info is not None and info["type"] == "file" else -1


def sizes(folder: str) -> dict[str, int]:
    """{name: bytes} of the files directly in a folder, without unfinished ones; one listing, no request per file."""
    if is_url(folder):
        return {str(one["name"]): int(one["size"]) for one in remote.entries(folder) if one["type"] == "file"}
    if not os.path.isdir(folder):
        return {}
    with os.scandir(folder) as there:
        files = (one for one in there if (os.path.isfile(one) if one.is_symlink() else one.is_file()))
        return {file.name: file.stat().st_size for file in files if not file.name.endswith(".tmp")}


def list_files(folder: str) -> list[str]:
    """Sorted names of the files directly in a folder, without unfinished ones; empty if there is no folder."""
    return sorted(sizes(folder))


def list_folders(folder: str) -> list[str]:
    """Sorted names of the folders directly in a folder; empty if there is no folder."""
    if not is_url(folder):
        there = os.scandir(folder) if os.path.isdir(folder) else ()  # both is_… raise for a link to itself
        return sorted(one.name for one in there if (os.path.isdir(one) if one.is_symlink() else one.is_dir()))
    return [str(entry["name"]) for entry in remote.entries(folder) if entry["type"] == "directory"]


def files_below(folder: str) -> list[str]:
    """Sorted paths, relative to the folder, of all files in it and its folders, without unfinished ones."""
    inside = (f"{name}/{file}" for name in list_folders(folder) for file in files_below(join(folder, name)))
    return sorted([*list_files(folder), *inside])


def expand(pattern: str) -> list[str]:
    """The sorted files that match a glob (`**` too), or the file with exactly this name; a URL keeps its scheme."""
    return sorted(find(pattern))


def find(pattern: str) -> dict[str, Found]:
    """What expand() finds, with sizes and, if the store's listing has them, etags."""
    if not is_url(pattern):
        return {path: Found(max(0, size_of(path))) for path in local_input.matches(pattern)}
    if http.is_http(pattern):  # servers do not list what they have
        version = http.found(pattern)
        return {pattern: Found(version.size, _http_etag(version))} if version else {}
    return {url: Found(int(info["size"]), _remote_etag(info)) for url, info in remote.matches(pattern).items()}


def delete(path: str) -> None:
    """Remove a file, or a folder with its content; does nothing if there is none."""
    if is_url(path):
        remote.delete(path)
    elif os.path.isdir(path):
        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.remove(path)


def delete_files(paths: Iterable[str]) -> None:
    """Remove files, all local or all of one store, in one request if it can; ignores those that do not exist."""
    paths = list(paths)
    if paths and is_url(paths[0]):
        remote.delete_files(paths)
        return
    for path in paths:
        if os.path.lexists(path):
            os.remove(path)


def delete_unfinished(folder: str) -> None:
    """Remove what killed writers left in a local folder and below it; no writer may be at work there."""
    for path in unfinished_files(folder):
        os.remove(path)


def unfinished_files(folder: str) -> list[str]:
    """What killed writers left, or writers at work have written so far, in a local folder and below it."""
    return sorted(path for path in _below(folder) if path.endswith(".tmp"))


def not_files(folder: str) -> list[str]:
    """What is neither a file nor a folder, in a local folder and below it: links to nothing, pipes."""
    others = (path for path in _below(folder) if not path.endswith(".tmp") and not os.path.isfile(path))
    return sorted(path for path in others if os.path.lexists(path))  # a run at work may have deleted a file meanwhile


def _below(folder: str) -> Iterator[str]:
    walked = () if is_url(folder) else os.walk(folder)  # a remote file is visible only when it is whole
    return (os.path.join(parent, name) for parent, _, names in walked for name in names)


def copy(old: str, new: str) -> None:
    """Copy a file within a disk or store, whole or not at all; a local one is linked, not copied."""
    if is_url(old):
        remote.copy(old, new)
        return
    make_folder(os.path.dirname(new))
    unfinished = f"{new}.{uuid.uuid4().hex[:12]}.tmp"
    try:
        os.link(old, unfinished)
    except OSError:  # a file system without links
        shutil.copyfile(old, unfinished)
        with open(unfinished, "rb+") as copied:
            _sync(copied)
    os.replace(unfinished, new)
    _sync_folder(os.path.dirname(new))


def read_bytes(path: str) -> bytes:
    """The whole file."""
    if http.is_http(path):
        with http.open_file(path) as file:
            return file.read()
    if is_url(path):
        return remote.read_bytes(path)
    with open(path, "rb") as file:
        return file.read()


def read_if_there(path: str) -> bytes | None:
    """The whole file, or None if there is none. (To ask first would cost another request.)"""
    try:
        return read_bytes(path)
    except (FileNotFoundError, NotADirectoryError):
        return None


def read_many(paths: Iterable[str]) -> list[bytes | None]:
    """Whole files in order, None for those that do not exist; remote ones many at a time."""
    paths = list(paths)
    return remote.at_once(read_if_there, paths) if any(map(is_url, paths)) else [read_if_there(path) for path in paths]


def write_bytes(path: str, content: bytes) -> FileRecord:
    """Write a whole file at once; it appears whole or not at all."""
    if is_url(path):
        remote.write_bytes(path, content)
    else:
        with open_output(path) as file:
            file.write(content)
    return FileRecord(path, len(content), xxhash.xxh3_128_hexdigest(content))


def write_many(files: Mapping[str, bytes]) -> None:
    """Write whole files, given by path; remote ones many at a time."""
    if any(map(is_url, files)):
        remote.at_once(lambda path: write_bytes(path, files[path]), files)
        return
    for path, content in files.items():
        with _local_output(path, sync=True) as file:
            file.write(content)
    for folder in {os.path.dirname(path) for path in files}:
        _sync_folder(folder)


def create_bytes(path: str, content: bytes) -> bool:
    """Write a file unless it exists: False, and nothing is written, if it does. Of several at once, one succeeds."""
    try:
        if is_url(path):
            remote.create_bytes(path, content)
        else:
            _link_new(path, content)
    except FileExistsError:
        return False
    return True


def _link_new(path: str, content: bytes) -> None:
    """The file appears with its content: if it were opened for exclusive writing, others would first see it empty."""
    make_folder(os.path.dirname(path))
    unfinished = f"{path}.{uuid.uuid4().hex[:12]}.tmp"
    with open(unfinished, "wb") as file:
        file.write(content)
        _sync(file)
    try:
        os.link(unfinished, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        with open(path, "xb") as file:
            file.write(content)
            _sync(file)
    finally:
        os.remove(unfinished)
    _sync_folder(os.path.dirname(path))


def read_range(path: str, start: int, stop: int) -> bytes:
    """The bytes from start up to stop, fewer at the end of the file; of a remote file nothing else is requested."""
    if http.is_http(path):
        return http.read_range(path, start, stop)
    if is_url(path):
        return remote.read_range(path, start, stop)
    with open(path, "rb") as file:
        file.seek(start)
        return file.read(stop - start)


def file_record(path: str, rows: int = -1) -> FileRecord:
    """Size and XXH3-128 of a file, by reading it."""
    digest, size = xxhash.xxh3_128(), 0
    with open_input(path) as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
            size += len(chunk)
    return FileRecord(path, size, digest.hexdigest(), rows)


def etag(path: str) -> str:
    """Identifies a source file's content without reading all of it: the store's ETag, else size, modification time and
    a hash of a page at its start, middle and end.
    """
    if http.is_http(path):
        version = http.found(path)
        if version is None:
            raise FileNotFoundError(2, "no such file", path)
        return _http_etag(version)
    if is_url(path):
        info = remote.info(path)
        if info is None:
            raise FileNotFoundError(2, "no such object", path)
        return _remote_etag(info)
    return local_input.etag(path)


def _remote_etag(info: dict[str, Any]) -> str:
    tag = info.get("ETag") or info.get("etag") or info.get("mtime") or info.get("LastModified") or info.get("created")
    return f"{info.get('size')}-{tag}"


def _http_etag(version: http.Version) -> str:
    return f"{version.size}-{version.tag}"


class Hashing:
    """A file object that counts and hashes what it writes to another."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file, self.digest, self.size, self.closed = file, xxhash.xxh3_128(), 0, False

    def __enter__(self) -> "Hashing":
        return self

    def __exit__(self, *exception: object) -> None:
        self.closed = True

    def write(self, data: Any) -> int:
        view = memoryview(data)
        self.digest.update(view)
        self.size += view.nbytes
        self.file.write(view)
        return view.nbytes

    def tell(self) -> int:
        return self.size

    def flush(self) -> None:
        self.file.flush()

    def close(self) -> None:
        self.closed = True
