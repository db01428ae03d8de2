"""Reads the files of a git repository at a revision, in path order, from its objects alone.

A repository's configuration can name programs (filters, monitors, helpers, transports) that git runs. No configuration
is read here: git runs in an empty repository of our own, which uses the objects of the other repository as an
alternate, and this module reads the references itself. Only committed files are read, not the files of a work tree.
"""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from tokenmill.stages.code.archive_members import Member, NoArchive

_HASH = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")
_REFERENCE_BYTES = 1 << 10
_POINTER_BYTES = 1 << 13
_PACKED_BYTES = 256 << 20
_SYMBOLIC = 5  # largest length of a chain of symbolic references, as in git
_FOLDERS = ("", "refs/", "refs/tags/", "refs/heads/", "refs/remotes/")
_REFUSED = {b"120000": "a symbolic link", b"160000": "a submodule"}
_HEADER = re.compile(rb"[0-9a-f]{40,64} blob (\d+)\n")


def git_folder(path: str) -> str:
    """Returns the folder with a git repository's HEAD, or "" if `path` is not a repository.

    It is `path` itself for a bare repository, otherwise its `.git`, or the folder that `.git` names if that is a file.
    """
    for folder in (path, os.path.join(path, ".git")):
        if os.path.isdir(os.path.join(folder, "objects")) and os.path.isfile(os.path.join(folder, "HEAD")):
            return folder
        if os.path.basename(folder) == ".git" and (target := _pointed_to(folder, "gitdir:")):
            return target
    return ""


def shared_folder(folder: str) -> str:
    """Returns the folder with the objects, branches and tags of a git folder.

    It is another folder if the git folder belongs to a linked work tree.
    """
    return _pointed_to(os.path.join(folder, "commondir")) or folder


def repository_name(path: str) -> str:
    """Returns the name of a git repository, taken from its path."""
    path = os.path.abspath(path)
    folder, name = os.path.split(path)
    return (os.path.basename(folder) if name == ".git" else name).removesuffix(".git")


def _pointed_to(path: str, mark: str = "") -> str:
    """Returns the folder that a file of git names after the prefix `mark`, or "" if it is not such a file.

    A relative path is relative to the file's folder.
    """
    if not os.path.isfile(path):
        return ""
    with open(path, "rb") as file:
        text = os.fsdecode(file.read(_POINTER_BYTES)).rstrip("\r\n")
    if not text.startswith(mark) or "\0" in text or "\n" in text:
        return ""
    target = text.removeprefix(mark).strip(" ")
    return os.path.normpath(os.path.join(os.path.dirname(path), target)) if target else ""


def is_hash(name: str) -> bool:
    """Returns True for the full hash of a git object, SHA-1 or SHA-256 in lower-case hex."""
    return bool(_HASH.match(name))


def resolved(folder: str, revision: str) -> str:
    """Returns the hash that a git revision stands for in a repository's git folder. Raises NoArchive if there is none.

    revision: a full hash, a branch, a tag or HEAD.
    """
    shared = shared_folder(folder)
    if not os.path.isdir(os.path.join(shared, "objects")):
        raise NoArchive(
            f"leads to {shared[:200]!r}, which is not a repository; copy the repository that it belongs to, or clone it"
        )
    name = revision
    for _ in range(_SYMBOLIC):
        if is_hash(name):
            return name
        found = _reference(folder, name) or _reference(shared, name)
        if not found:
            raise NoArchive(f"has no revision {name[:200]!r}, expected a full hash, a branch, a tag or HEAD")
        name = found.removeprefix("ref:").strip()
    raise NoArchive(f"has references that name each other in a cycle: {revision!r}")


def _reference(folder: str, name: str) -> str:
    """Returns the content of a reference, or "" if there is no such reference."""
    if ".." in name or name.startswith("/") or not name.isprintable():
        return ""
    for start in _FOLDERS:
        path = Path(folder, start + name)
        if path.is_file():
            with path.open("rb") as file:
                return file.read(_REFERENCE_BYTES).decode("ascii", "replace").strip()
    packed = Path(folder, "packed-refs")
    if not packed.is_file() or packed.stat().st_size > _PACKED_BYTES:
        return ""
    wanted = {f"{start}{name}": place for place, start in enumerate(_FOLDERS)}
    found: dict[int, str] = {}
    with packed.open("rb") as file:
        for line in file:
            value, _, title = line.decode("utf-8", "replace").strip().partition(" ")
            if title in wanted and _HASH.match(value):
                found[wanted[title]] = value
    return found[min(found)] if found else ""


class GitMembers:
    """Iterates over the files of a commit. Raises NoArchive if the commit cannot be read.

    Attributes:
        commit: the hash of the commit.
        time: when it was committed, in seconds since 1970, 0 if unknown.
    """

    def __init__(self, folder: str, revision: str) -> None:
        wanted = resolved(folder, revision)
        self.own = tempfile.mkdtemp(prefix="tokenmill-git-")
        self.blobs: subprocess.Popen[bytes] | None = None
        try:
            _borrow(self.own, folder, wanted)
            self.commit, self.time = self._commit(wanted)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Stops git and deletes our own repository."""
        if self.blobs is not None:
            self.blobs.kill()
            self.blobs.communicate()
        shutil.rmtree(self.own, ignore_errors=True)

    def __iter__(self) -> Iterator[Member]:
        listing = self._git("ls-tree", "-r", "-z", "-l", "--full-tree", self.commit)
        assert listing.stdout is not None
        try:
            for place, entry in enumerate(_entries(listing.stdout)):
                facts, _, name = entry.partition(b"\t")
                mode, kind, number, size = facts.split()
                refused, found = ("link", _REFUSED[mode]) if mode in _REFUSED else ("", "")
                length = int(size) if kind == b"blob" and size.isdigit() else 0
                yield Member(name, length, place, self.time, refused, found, self._reader(number))
        finally:
            listing.kill()
            _, errors = listing.communicate()
        if listing.returncode > 0:
            raise NoArchive(f"cannot be listed at {self.commit}: {_last_line(errors)}")

    def _reader(self, number: bytes) -> Callable[[int], bytes]:
        def read(limit: int) -> bytes:
            if self.blobs is None or self.blobs.poll() is not None:
                self.blobs = self._git("cat-file", "--batch", reads=True)
            sink, source = self.blobs.stdin, self.blobs.stdout
            assert sink is not None and source is not None
            sink.write(number + b"\n")
            sink.flush()
            header = _HEADER.match(source.readline())
            if not header:
                raise EOFError(f"the object {number.decode()} is missing or damaged")
            data = source.read(min(limit, int(header[1])))
            _pass_over(source, int(header[1]) - len(data) + 1)
            return data

        return read

    def _commit(self, wanted: str) -> tuple[str, int]:
        """Returns (hash, seconds since 1970) of a commit. wanted: its hash, or the hash of a tag that names it."""
        shown = self._git("log", "--no-walk", "--no-show-signature", "--format=%H %ct", wanted)
        out, errors = shown.communicate()
        commit, _, time = out.decode("ascii", "replace").strip().partition(" ")
        if shown.returncode or not _HASH.match(commit):
            raise NoArchive(f"has no commit {wanted}: {_last_line(errors)}")
        return commit, int(time) if time.isdigit() else 0

    def _git(self, *arguments: str, reads: bool = False) -> subprocess.Popen[bytes]:
        environment = {
            "PATH": os.environ.get("PATH", os.defpath), "GIT_DIR": self.own, "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull, "GIT_ALLOW_PROTOCOL": "none", "GIT_TERMINAL_PROMPT": "0",
            "GIT_OPTIONAL_LOCKS": "0", "GIT_NO_REPLACE_OBJECTS": "1", "HOME": self.own, "LC_ALL": "C",
        }  # fmt: skip
        try:
            return subprocess.Popen(
                ["git", *arguments],
                stdin=subprocess.PIPE if reads else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL if reads else subprocess.PIPE,
                env=environment,
                cwd=self.own,
            )
        except FileNotFoundError as error:
            raise NoArchive("needs the program git, which is not on the PATH; install it") from error


def _borrow(own: str, folder: str, wanted: str) -> None:
    """Makes an empty repository in the folder `own` that uses the objects of another repository."""
    for name in ("refs", "objects/info"):
        os.makedirs(os.path.join(own, name))
    long = len(wanted) == 64
    config = "[core]\n\trepositoryformatversion = 1\n\tbare = true\n" + (
        "[extensions]\n\tobjectformat = sha256\n" if long else ""
    )
    Path(own, "config").write_text(config)
    Path(own, "HEAD").write_text(f"{wanted}\n")
    objects = os.path.abspath(os.path.join(shared_folder(folder), "objects"))
    if "\n" in objects or objects.startswith("#"):
        raise NoArchive("has a line break in its path")
    Path(own, "objects/info/alternates").write_text(f"{objects}\n")


def _entries(stream: IO[bytes]) -> Iterator[bytes]:
    """Yields the entries of a stream, each of which ends with a NUL byte."""
    held = b""
    while chunk := stream.read(1 << 16):
        *whole, held = (held + chunk).split(b"\0")
        yield from whole


def _pass_over(stream: IO[bytes], size: int) -> None:
    while size > 0 and (data := stream.read(min(size, 1 << 18))):
        size -= len(data)


def _last_line(errors: bytes) -> str:
    return (errors.decode("utf-8", "replace").strip().splitlines() or ["git printed no error"])[-1][:200]
