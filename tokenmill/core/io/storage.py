"""Opens, lists, writes and deletes files at local paths and fsspec URLs.

Writes are atomic, without renames on object storage: a local file is written under a temporary name in its folder and
then renamed, and a remote file becomes visible when it is closed. A run uses only files that a manifest lists.

A written file is synced to the disk before it is renamed, and its folder afterwards, so that a power cut leaves no
manifest without the files that it lists. Scratch files and spills are not synced (sync=False): their readers compare
checksums, and damaged ones are made again.
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
    """A written file as a manifest lists it: path as given to the writer, size in bytes, XXH3-128 in hex digits.

    rows: number of rows; -1 if it is not a table.
    """

    path: str
    bytes: int
    xxh3: str
    rows: int = -1


@dataclass(frozen=True)
class Found:
    """A file that a glob found. size: in bytes. etag: as of etag(); "" if it is not known yet."""

    size: int
    etag: str = ""


def is_url(path: str) -> bool:
    """Returns True for `scheme://…`; anything else is a local path."""
    return "://" in path


def join(folder: str, *names: str) -> str:
    """Returns the path or URL folder/name/… from its parts."""
    return "/".join([folder.rstrip("/") or "/", *names])


def open_input(path: str) -> IO[bytes]:
    """Opens a file at a path or URL for reading bytes; seekable. Remote: read ahead only if reads are consecutive."""
    if http.is_http(path):
        return http.open_file(path)
    return local_input.open_local(path) if not is_url(path) else remote.open_input(path)


@contextmanager
def open_output(path: str, *, sync: bool = True) -> Iterator[IO[bytes]]:
    """Opens a file at a path or URL for writing bytes. It appears when the block ends, not at all if the block fails.

    sync: a local file is synced to the disk when the block ends, so that it survives a power cut.
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
    """Does the same as open_output for a local file, but does not sync the folder."""
    make_folder(os.path.dirname(path))
    # a unique name, because two copies of a task may write the same file at the same time
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
    """Syncs the names in a folder to the disk, so that they survive a power cut."""
    place = os.open(folder or ".", os.O_RDONLY)
    try:
        os.fsync(place)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some file systems cannot sync a folder
            raise
    finally:
        os.close(place)


def make_folder(folder: str) -> None:
    """Creates a local folder and its missing parents, and syncs their names to the disk."""
    if not folder or os.path.isdir(folder):
        return
    above = os.path.dirname(folder)
    make_folder(above)
    os.makedirs(folder, exist_ok=True)
    _sync_folder(above)


def exists(path: str) -> bool:
    """Returns True if there is a file or folder at a path or URL."""
    if http.is_http(path):
        return http.found(path) is not None
    return os.path.exists(path) if not is_url(path) else remote.info(path) is not None


def size_of(path: str) -> int:
    """Returns the size of a file at a path or URL in bytes, or -1 if there is no file."""
    if not is_url(path):
        return os.path.getsize(path) if os.path.isfile(path) else -1
    if http.is_http(path):
        version = http.found(path)
        return version.size if version else -1
    info = remote.info(path)
    return int(info["size"]) if info is not None and info["type"] == "file" else -1


def sizes(folder: str) -> dict[str, int]:
    """Returns {name: bytes} of the files directly in a path or URL, without unfinished ones, by a single listing."""
    if is_url(folder):
        return {str(one["name"]): int(one["size"]) for one in remote.entries(folder) if one["type"] == "file"}
    if not os.path.isdir(folder):
        return {}
    with os.scandir(folder) as there:
        files = (one for one in there if (os.path.isfile(one) if one.is_symlink() else one.is_file()))
        return {file.name: file.stat().st_size for file in files if not file.name.endswith(".tmp")}


def list_files(folder: str) -> list[str]:
    """Returns the sorted names of the files directly in a path or URL, without unfinished ones; [] if it is missing."""
    return sorted(sizes(folder))


def list_folders(folder: str) -> list[str]:
    """Returns the sorted names of the folders directly in a local or remote folder; [] if there is none."""
    if not is_url(folder):
        there = os.scandir(folder) if os.path.isdir(folder) else ()  # methods of an entry raise for a link to itself
        return sorted(one.name for one in there if (os.path.isdir(one) if one.is_symlink() else one.is_dir()))
    return [str(entry["name"]) for entry in remote.entries(folder) if entry["type"] == "directory"]


def files_below(folder: str) -> list[str]:
    """Returns the sorted relative paths of all files in and below a local or remote folder, without unfinished ones."""
    inside = (f"{name}/{file}" for name in list_folders(folder) for file in files_below(join(folder, name)))
    return sorted([*list_files(folder), *inside])


def expand(pattern: str) -> list[str]:
    """Returns the sorted paths or URLs that match a glob (with `**`), or the file with exactly this name."""
    return sorted(find(pattern))


def find(pattern: str) -> dict[str, Found]:
    """Returns {path or URL: Found} for the files that match a glob, with etags if the store's listing has them."""
    if not is_url(pattern):
        return {path: Found(max(0, size_of(path))) for path in local_input.matches(pattern)}
    if http.is_http(pattern):  # HTTP servers do not list their files
        version = http.found(pattern)
        return {pattern: Found(version.size, _http_etag(version))} if version else {}
    return {url: Found(int(info["size"]), _remote_etag(info)) for url, info in remote.matches(pattern).items()}


def delete(path: str) -> None:
    """Deletes a file at a path or URL, or a folder with its content. Does nothing if it does not exist."""
    if is_url(path):
        remote.delete(path)
    elif os.path.isdir(path):
        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.remove(path)


def delete_files(paths: Iterable[str]) -> None:
    """Deletes files at paths or URLs, all local or all in one store, in one request if possible; ignores missing."""
    paths = list(paths)
    if paths and is_url(paths[0]):
        remote.delete_files(paths)
        return
    for path in paths:
        if os.path.lexists(path):
            os.remove(path)


def delete_unfinished(folder: str) -> None:
    """Deletes the unfinished files of killed writers in and below a local folder. No writer may be at work there."""
    for path in unfinished_files(folder):
        os.remove(path)


def unfinished_files(folder: str) -> list[str]:
    """Lists the unfinished files in a local folder and below it, of killed writers and of writers at work."""
    return sorted(path for path in _below(folder) if path.endswith(".tmp"))


def not_files(folder: str) -> list[str]:
    """Lists the names in a local folder and below it that are neither file nor folder: broken links, pipes."""
    others = (path for path in _below(folder) if not path.endswith(".tmp") and not os.path.isfile(path))
    return sorted(path for path in others if os.path.lexists(path))  # a run may have deleted a file meanwhile


def _below(folder: str) -> Iterator[str]:
    walked = () if is_url(folder) else os.walk(folder)  # a remote file is visible only when it is complete
    return (os.path.join(parent, name) for parent, _, names in walked for name in names)


def copy(old: str, new: str) -> None:
    """Copies a file at a path or URL within its disk or store, atomically; locally by a hard link if possible."""
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
    """Returns the content of a file at a path or URL."""
    if http.is_http(path):
        with http.open_file(path) as file:
            return file.read()
    if is_url(path):
        return remote.read_bytes(path)
    with open(path, "rb") as file:
        return file.read()


def read_if_there(path: str) -> bytes | None:
    """Returns the content of a file at a path or URL, or None if there is none. A check would cost another request."""
    try:
        return read_bytes(path)
    except (FileNotFoundError, NotADirectoryError):
        return None


def read_many(paths: Iterable[str]) -> list[bytes | None]:
    """Returns the contents of files at paths or URLs in order, None for missing ones. Reads many at the same time."""
    paths = list(paths)
    return remote.at_once(read_if_there, paths) if any(map(is_url, paths)) else [read_if_there(path) for path in paths]


def write_bytes(path: str, content: bytes) -> FileRecord:
    """Writes a file at a path or URL atomically: it appears complete or not at all."""
    if is_url(path):
        remote.write_bytes(path, content)
    else:
        with open_output(path) as file:
            file.write(content)
    return FileRecord(path, len(content), xxhash.xxh3_128_hexdigest(content))


def write_many(files: Mapping[str, bytes]) -> None:
    """Writes {path or URL: content}, each file atomically. Writes many remote files at the same time."""
    if any(map(is_url, files)):
        remote.at_once(lambda path: write_bytes(path, files[path]), files)
        return
    for path, content in files.items():
        with _local_output(path, sync=True) as file:
            file.write(content)
    for folder in {os.path.dirname(path) for path in files}:
        _sync_folder(folder)


def create_bytes(path: str, content: bytes) -> bool:
    """Creates a file at a path or URL; returns False if it exists. Of several simultaneous calls one succeeds."""
    try:
        if is_url(path):
            remote.create_bytes(path, content)
        else:
            _link_new(path, content)
    except FileExistsError:
        return False
    return True


def _link_new(path: str, content: bytes) -> None:
    """Creates a local file with its content. With an exclusive open, readers would see an empty file at first."""
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
    """Returns the bytes [start, stop) of a file at a path or URL, fewer at its end. Requests no other bytes."""
    if http.is_http(path):
        return http.read_range(path, start, stop)
    if is_url(path):
        return remote.read_range(path, start, stop)
    with open(path, "rb") as file:
        file.seek(start)
        return file.read(stop - start)


def file_record(path: str, rows: int = -1) -> FileRecord:
    """Reads a file at a path or URL and returns its size and XXH3-128, with the given number of rows."""
    digest, size = xxhash.xxh3_128(), 0
    with open_input(path) as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
            size += len(chunk)
    return FileRecord(path, size, digest.hexdigest(), rows)


def etag(path: str) -> str:
    """Returns a string that identifies the content of an input file at a path or URL, without reading the whole file.

    It consists of the size and the store's ETag, else the modification time; for a local file of the size, the
    modification time and a hash of 4 KiB at the start, middle and end. Raises FileNotFoundError if there is no file.
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
    """A file object that passes writes on to another one, and counts and hashes the bytes. Does not close it."""

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
