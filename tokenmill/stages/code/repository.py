"""Finds the repositories in an archive and the licence of each of their folders, in a first pass over the members."""

import functools
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from tokenmill.core.io.compression import DecompressionError
from tokenmill.stages.code.archive_members import Member, NoArchive
from tokenmill.stages.code.license_evidence import (
    LICENSE_BYTES,
    UNKNOWN,
    declared,
    expression_of,
    is_license_file,
    is_manifest,
    of_license_file,
)
from tokenmill.stages.code.paths import name_rule, path_problem
from tokenmill.stages.code.reuse import Reuse, is_reuse_file
from tokenmill.text.code.spdx import joined, names

MAX_MEMBERS = 5_000_000
MAX_NOTED = 200_000  # licence files and manifests, because they are held in memory
_ENDINGS = re.compile(
    r"(?:\.orig)?\.(?:tar(?:\.(?:gz|bz2|xz|zst))?|tgz|tbz2?|txz|tzst|zip|jar|whl|crate|gem|parquet)\Z", re.IGNORECASE
)
_VERSIONED = re.compile(r"(.+?)[-_@]v?(\d+\.[\w.+!-]*|[0-9a-f]{12,64})\Z")
TEXTS = "LICENSES"  # the folder in which REUSE puts the texts of all licences
_GENERIC = ("package", "src", "source")  # npm packs everything in package/


class Place(NamedTuple):
    """The repository and revision of a file, its path in the repository, and the repository's folder in the archive."""

    repo: str
    rev: str
    path: str
    root: str


@dataclass
class Survey:
    """The result of a pass over an archive's members.

    Attributes:
        archive: name of the archive's file. Required.
        tops: at most two of the folders at the top, because only their number, one or more, counts.
        has_top_files: whether there are files at the top whose names do not begin with a dot.
        licenses: {folder in the archive: (file name, expression) of each of its licence files}
        manifests: {folder: the expression that its package manager's file declares}
        commit: the commit that `git archive` wrote; if is_git, the commit that is read; "" if unknown.
        is_git: whether the members come from a git repository.
        is_package: whether there is a folder at the top that packaging tools write.
        noted: number of licence files and manifests.
        reuse: statements of REUSE's files.
        texts: like `licenses`, for the files in a folder LICENSES, by the folder that contains LICENSES.
        known: cached results of _license_above.
    """

    archive: str
    tops: set[str] = field(default_factory=set)
    has_top_files: bool = False
    licenses: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    manifests: dict[str, str] = field(default_factory=dict)
    commit: str = ""
    is_git: bool = False
    is_package: bool = False
    noted: int = 0
    reuse: Reuse = field(default_factory=Reuse)
    texts: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    known: dict[tuple[str, str], tuple[str | None, str]] = field(default_factory=dict)

    def place(self, path: str) -> Place:
        """Returns the place of a file. path: its path in the archive."""
        top, _, rest = path.partition("/")
        stem = _ENDINGS.sub("", self.archive)
        if self.is_git:
            return Place(self.archive, self.commit, path, "")
        if self.has_top_files or self.is_package or not rest:
            repo, rev = split_version(stem)
            return Place(repo, rev or self.commit or "0", path, "")
        alone = len(self.tops) == 1
        repo, rev = split_version(stem if alone and top in _GENERIC else top)
        return Place(repo, self.commit or rev or (alone and split_version(stem)[1]) or stem, rest, top)

    def license_of(self, path: str, root: str, own: str | None) -> tuple[str | None, str]:
        """Returns (expression, its evidence) for a file: the licence by REUSE, its own, or that of its folder.

        root: the repository's folder in the archive. own: the licence that the file states itself.
        """
        license, told_by = self.reuse.license_of(path, own)
        return (license, told_by) if license else self._license_above(path, root)

    def _license_above(self, path: str, root: str) -> tuple[str | None, str]:
        """Returns the licence of the nearest folder above a path that has one, up to the repository's folder."""
        folder = path.rpartition("/")[0]
        if (folder, root) not in self.known:
            found = self._folder_license(folder)
            at_top = not folder or folder == root
            self.known[folder, root] = found if found[0] or at_top else self._license_above(folder, root)
        return self.known[folder, root]

    def _folder_license(self, folder: str) -> tuple[str | None, str]:
        files, said = self.licenses.get(folder), self.manifests.get(folder)
        text = expression_of(files) if files else None
        if text is None and folder in self.texts:
            text = joined([expression for _, expression in sorted(self.texts[folder])], "AND") or UNKNOWN
        if said is None:
            return text, "license_file"
        if text is None or text == UNKNOWN or names(text) <= names(said):
            return said, "manifest"
        return joined([said, text], "AND"), "manifest,license_file"


def survey(members: Iterable[Member], archive: str) -> Survey:
    """Reads the members of a code archive once, to find its repositories and the licences of their folders.

    archive: a path or address. Raises NoArchive for more than MAX_MEMBERS or MAX_NOTED.
    """
    found = Survey(os.path.basename(archive))
    for number, member in enumerate(members):
        if number >= MAX_MEMBERS:
            raise NoArchive(f"has more than {MAX_MEMBERS} members; cut it into several archives")
        path = spelled(member.name)
        if member.refused or path_problem(path):
            continue
        folder, _, name = path.rpartition("/")
        if folder:
            top = path.partition("/")[0]
            found.is_package = found.is_package or _by_packer(top)
            if len(found.tops) < 2:
                found.tops.add(top)
        else:
            found.has_top_files = found.has_top_files or not path.startswith(".")
        _look_at(found, member, path, folder, name)
    return found


def _look_at(found: Survey, member: Member, path: str, folder: str, name: str) -> None:
    """Adds the licence of a licence file or a manifest to `found`; ignores other members."""
    licence, is_reuse, is_text = is_license_file(name), is_reuse_file(path), _in_licenses(folder)
    if not (licence or is_reuse or is_text or is_manifest(name)) or (name_rule(path) or ("",))[0] == "vendored":
        return
    found.noted += 1
    if found.noted > MAX_NOTED:
        raise NoArchive(f"has more than {MAX_NOTED} licence files and manifests; cut it into several archives")
    try:
        content = member.read(LICENSE_BYTES)
    except (EOFError, DecompressionError):
        return  # the pass that makes rows reports the damage
    if is_reuse:
        found.reuse.note(path, content)
        return
    folder = _governed(folder)
    if is_text:
        found.texts.setdefault(folder[: -len(TEXTS)].rstrip("/"), []).append((name, _license_text(content)))
    elif licence:
        found.licenses.setdefault(folder, []).append((name, _license_text(content)))
    elif (said := declared(name, content)) and folder not in found.manifests:
        found.manifests[folder] = said


def _in_licenses(folder: str) -> bool:
    return folder == TEXTS or folder.endswith(f"/{TEXTS}")


def _governed(folder: str) -> str:
    """Returns the folder that a licence applies to.

    A folder of a packaging tool at the top of a package (META-INF, *.dist-info) applies to the whole package. Such a
    folder further down, as in sdists, repeats a part of what the top states, so it applies only to itself.
    """
    return "" if _by_packer(folder.partition("/")[0]) else folder


def _by_packer(folder: str) -> bool:
    return folder == "META-INF" or folder.endswith((".dist-info", ".egg-info"))


_license_text = functools.lru_cache(maxsize=256)(of_license_file)


def spelled(name: bytes) -> str:
    """Returns the stored name of a code archive's member as text.

    Bytes that are not UTF-8 become \\xNN, so that different names stay different.
    """
    text = name.decode("utf-8", "backslashreplace")
    if "//" in text or text.startswith("./") or "/./" in text:
        start = "/" if text.startswith("/") else ""
        return start + "/".join(part for part in text.split("/") if part not in ("", "."))
    return text


def split_version(name: str) -> tuple[str, str]:
    """Splits the name of a code archive or its folder, such as `requests-2.32.0`, into (`requests`, `2.32.0`).

    The version is empty if there is none.
    """
    found = _VERSIONED.match(name)
    return (found[1], found[2]) if found else (name, "")
