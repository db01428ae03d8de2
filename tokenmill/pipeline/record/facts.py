"""Reads and writes `<stage>/facts.json`: the counts of a Global, in addition to its verdicts.

Like a manifest, the file ends with its own XXH3.
"""

import json
import logging

from tokenmill.core.checked_json import parsed, with_checksum
from tokenmill.core.errors import DataError
from tokenmill.core.io import storage
from tokenmill.core.io.storage import join
from tokenmill.core.kinds import JsonObject

logger = logging.getLogger(__name__)


def facts_path(folder: str) -> str:
    """Returns the path of the facts of a Global's stage in `folder`."""
    return join(folder, "facts.json")


def write_facts(folder: str, facts: JsonObject, fingerprint: str) -> None:
    """Writes the facts of a Global's stage in `folder`: its counts in addition to its verdicts.

    fingerprint: of the work and the input that were counted.
    """
    content = json.dumps({"facts": facts, "fingerprint": fingerprint}, indent=1, sort_keys=True)
    storage.write_bytes(facts_path(folder), with_checksum(content.encode()))


def read_facts(folder: str) -> JsonObject:
    """Returns the facts of a Global's stage in `folder`, as write_facts() got them.

    Raises DataError if the file is missing or damaged.
    """
    path = facts_path(folder)
    content = storage.read_if_there(path)
    try:
        if content is None:
            raise ValueError("there is no such file")
        facts: JsonObject = _parsed(content)["facts"]
    except ValueError as error:
        raise DataError(f"{path}: {error}; run the recipe again: it counts the facts of a stage again") from error
    return facts


def exchange_facts(folder: str, fingerprint: str, *, discard: bool) -> None:
    """Copies a Global's facts of another result to `kept/`, and restores those of this fingerprint if they are there.

    With `discard`, nothing is copied to `kept/`.
    """
    there = _fingerprint_of(facts_path(folder))
    if there == fingerprint:
        return
    if there and not discard:
        _copy(facts_path(folder), _kept_path(folder, there))
    lend_facts(_kept_path(folder, fingerprint), folder, fingerprint)


def lend_facts(path: str, folder: str, fingerprint: str) -> None:
    """Copies a Global's facts at `path` to the stage in `folder`, if undamaged and of this fingerprint."""
    if _fingerprint_of(path) == fingerprint:
        _copy(path, facts_path(folder))


def has_facts(folder: str, fingerprint: str) -> bool:
    """Returns whether a Global's undamaged facts with this fingerprint are in their place or in `kept/`."""
    return not facts_problem(folder, fingerprint) or _fingerprint_of(_kept_path(folder, fingerprint)) == fingerprint


def _kept_path(folder: str, fingerprint: str) -> str:
    return join(folder, "kept", f"facts-{fingerprint}.json")


def _copy(old: str, new: str) -> None:
    storage.write_bytes(new, storage.read_bytes(old))


def _fingerprint_of(path: str) -> str:
    """Returns the fingerprint of the facts at `path`; "" if there are no facts, or if they are damaged."""
    content = storage.read_if_there(path)
    if content is None:
        return ""
    try:
        return str(_parsed(content)["fingerprint"])
    except ValueError as error:
        logger.warning("%s: is not as it was written (%s); the facts are counted again", path, error)
        return ""


def facts_problem(folder: str, fingerprint: str | None = None) -> str:
    """Returns what is wrong with the facts of a Global's stage in `folder`; "" if they are there, as they were written.

    fingerprint: if it is given, facts of another fingerprint are wrong too.
    """
    content = storage.read_if_there(facts_path(folder))
    if content is None:
        return "is gone"
    try:
        found = _parsed(content)["fingerprint"]
    except ValueError as error:
        return f"is not as it was written ({error})"
    return "counts another result" if fingerprint not in (None, found) else ""


def _parsed(content: bytes) -> JsonObject:
    """Returns {"facts": {name: count}, "fingerprint": text}. Raises ValueError for other content or a wrong
    checksum.
    """
    try:
        found, checked = parsed(content)
    except RecursionError as error:
        raise ValueError("its JSON is nested too deeply") from error
    if not checked or found.keys() != {"facts", "fingerprint"} or not isinstance(found["facts"], dict):
        raise ValueError("it has no checksum, or other fields than facts and fingerprint")
    return found
