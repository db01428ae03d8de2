"""Reads and writes `<stage>/record.json`: how complete a stage is.

A run deletes it when it enters the stage and writes it when it leaves the stage.
"""

import json
from dataclasses import asdict, dataclass, field
from dataclasses import fields as dataclass_fields

from tokenmill.core.checked_json import parsed, with_checksum
from tokenmill.core.io import storage
from tokenmill.core.io.storage import join
from tokenmill.core.kinds import JsonObject

NAMES_SHOWN = 3


@dataclass(frozen=True)
class StageRecord:
    """How complete a stage is.

    Attributes:
        shards: number of shards in the plan.
        done: number of shards that are made.
        missing: {input that its documents lack: why}. The inputs are files that could not be read and shards that were
            not made, of this stage and of all stages before it. Default none.
        allowed: --allow-missing accepted the missing inputs. Default false.
        stale: its results are of other settings, code or inputs than the run's recipe.yaml names. Default false.
        corpus: it writes a corpus or other files of all its documents, which have a manifest of their own. Default
            false.
        facts: it writes facts.json. Default false.
        notes: the notes of its steps, as notes.as_json() returns them. Default none.
    """

    shards: int
    done: int
    missing: dict[str, str] = field(default_factory=dict)
    allowed: bool = False
    stale: bool = False
    corpus: bool = False
    facts: bool = False
    notes: dict[str, dict[str, JsonObject]] = field(default_factory=dict)

    def __str__(self) -> str:
        if self.stale:
            return "out of date: run the whole recipe"
        if not self.missing:
            return "complete"
        names = "; ".join(f"{name}: {why}" for name, why in list(self.missing.items())[:NAMES_SHOWN])
        more = f"; and {len(self.missing) - NAMES_SHOWN:,} more" if len(self.missing) > NAMES_SHOWN else ""
        inputs = f"{len(self.missing):,} input{'s' if len(self.missing) > 1 else ''} missing"
        return f"incomplete: {inputs}: {names}{more}"


def record_path(folder: str) -> str:
    """Returns the path of the record of how complete the stage in `folder` is."""
    return join(folder, "record.json")


def write_record(folder: str, record: StageRecord) -> None:
    """Writes the record of how complete the stage in `folder` is."""
    content = json.dumps(asdict(record), indent=1, sort_keys=True).encode()
    storage.write_bytes(record_path(folder), with_checksum(content))


def read_record(folder: str) -> StageRecord | None:
    """Returns how complete the stage in `folder` is, from its record.

    Returns None if no run has finished the stage, or if the file is damaged.
    """
    content = storage.read_if_there(record_path(folder))
    try:
        return None if content is None else _read(content)
    except (ValueError, RecursionError):
        return None


def record_problem(folder: str) -> str:
    """Returns what is wrong with the record of the completeness of a stage; "" if it is as written or not there."""
    content = storage.read_if_there(record_path(folder))
    try:
        if content is not None:
            _read(content)
    except (ValueError, RecursionError) as error:
        return f"is not as it was written ({error})"
    return ""


def _read(content: bytes) -> StageRecord:
    """Parses a record. Raises ValueError for anything that write_record does not write."""
    fields, checked = parsed(content)
    names = {field.name for field in dataclass_fields(StageRecord)}
    if not checked or not names - {"notes"} <= fields.keys() <= names:  # earlier builds wrote no notes
        raise ValueError("it has no checksum, or other fields than a record")
    return StageRecord(**fields)
