"""`<stage>/facts.json`: what a Global counted besides its verdicts. Like a manifest it ends with its own XXH3."""

import json

from tokenmill.core.io import storage
from tokenmill.core.io.storage import join
from tokenmill.core.kinds import JsonObject
from tokenmill.pipeline.record.manifest import parsed, with_checksum


def facts_path(folder: str) -> str:
    """Where the facts of the stage in `folder` are."""
    return join(folder, "facts.json")


def write_facts(folder: str, facts: JsonObject, fingerprint: str) -> None:
    """Writes the facts of the stage in `folder`. fingerprint: of the work and the input that were counted."""
    content = json.dumps(facts | {"fingerprint": fingerprint}, indent=1, sort_keys=True)
    storage.write_bytes(facts_path(folder), with_checksum(content.encode()))


def facts_problem(folder: str, fingerprint: str | None = None) -> str:
    """What is wrong with the facts of the stage in `folder`, "" if they are there as they were written.

    fingerprint: facts of another one are wrong too: results that return from kept/ bring no facts with them.
    """
    content = storage.read_if_there(facts_path(folder))
    if content is None:
        return "is gone"
    try:
        facts, _ = parsed(content)
    except (ValueError, RecursionError) as error:
        return f"is not as it was written ({error})"
    return "counts another result" if fingerprint not in (None, facts.get("fingerprint")) else ""
