"""Writes an index of the documents that a finished run's MinHash stage kept, and verifies indexes."""

from dataclasses import dataclass
from typing import Any

from tokenmill.audits.minhash_stage import finished_minhash
from tokenmill.core.io.storage import join
from tokenmill.stages.dedup.minhash import Minhash
from tokenmill.stages.dedup.minhash_index import leftovers


@dataclass(frozen=True)
class IndexVersion:
    """One version of an index. documents, bytes: numbers that this version added."""

    number: int
    documents: int
    bytes: int


@dataclass(frozen=True)
class Added:
    """The result of adding documents to an index.

    Attributes:
        version: the new version; None if the index had all documents already.
        warning: says what the user should change; "" if nothing.
    """

    version: IndexVersion | None
    warning: str = ""


def add_to_index(run: str, index: str, *, stage: str | None = None, plugins: str | None = None) -> Added:
    """Adds the documents that a run's MinHash stage kept to the dedup index in the folder or at the URL `index`.

    stage: the MinHash stage, if the run has several. Raises RecipeError and DataError as finished_minhash does, and if
    the index does not fit.
    """
    chosen = finished_minhash(run, stage, plugins)
    said = chosen.minhash.write_index(map(chosen.ran.checked, chosen.ran.files("data")), index)
    if said is None:
        return Added(None)
    version = _version(said)
    if index.rstrip("/") not in [one.rstrip("/") for one in chosen.minhash.index]:
        return Added(version)
    return Added(
        version,
        f"the recipe of {run} names {index} without a version. A second run would compare its documents "
        f"with themselves and remove them all: write index: [{index}@{version.number - 1}]",
    )


def verified_versions(index: str) -> list[IndexVersion]:
    """Returns all versions of a dedup index, after comparing every checksum.

    Raises RecipeError, or DataError for damage.
    """
    return [_version(said) for said in Minhash.verify_index(index)]


def removable(index: str) -> list[str]:
    """Returns the whole paths of folders and files in a dedup index that belong to no version. No reader opens them."""
    return [join(index, name) for name in leftovers(index)]


def _version(said: dict[str, Any]) -> IndexVersion:
    return IndexVersion(said["version"], said["documents"], said["bytes"])
