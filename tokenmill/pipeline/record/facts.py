"""`<stage>/facts.json`: what a Global counted besides its verdicts. Like a manifest it ends with its own XXH3."""

import json

from tokenmill.core.io import storage
from tokenmill.core.io.storage import join
from tokenmill.core.kinds import JsonObject
from tokenmill.pipeline.record.manifest import parsed, with_checksum


def facts_path(folder: str) -> str:
    """Where the facts of the stage in `folder` are."""
    return join(folder, "facts.json")


def write_facts(folder: str, facts: JsonObject) -> None:
    """Writes the facts of the stage in `folder`."""
    storage.write_bytes(facts_path(folder), with_checksum(json.dumps(facts, indent=1, sort_keys=True).encode()))


def facts_problem(folder: str) -> str:
    """What is wrong with the facts of the stage in `folder`, "" if they are there as they were written."""
    content = storage.read_if_there(facts_path(folder))
    if content is None:
        return "is gone"
    try:
        parsed(content)
    except (ValueError, RecursionError) as error:
        return f"is not as it was written ({error})"
    return ""
