"""What a stage lacks: `<stage>/record.json`, written when a run leaves the stage and deleted when one enters it."""

import json
from dataclasses import asdict, dataclass, field
from dataclasses import fields as dataclass_fields

from tokenmill.core.checked_json import parsed, with_checksum
from tokenmill.core.io import storage
from tokenmill.core.io.storage import join

NAMES_SHOWN = 3


@dataclass(frozen=True)
class StageRecord:
    """How complete a stage is.

    Attributes:
        shards: shards that the plan has.
        done: shards that are made.
        missing: {what its documents lack: why}: inputs that could not be read, shards that were not made, of this stage
            and of all before it.
        allowed: the run was told to accept that, by --allow-missing.
        corpus: it writes a corpus or other files of all its documents, which a record of their own lists.
        facts: it writes facts.json.
        stale: its results are of other settings, code or inputs than the run's recipe.yaml names.
    """

    shards: int
    done: int
    missing: dict[str, str] = field(default_factory=dict)
    allowed: bool = False
    stale: bool = False
    corpus: bool = False
    facts: bool = False

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
    """Where the record of the stage in `folder` is."""
    return join(folder, "record.json")


def write_record(folder: str, record: StageRecord) -> None:
    """Writes the record of the stage in `folder`."""
    content = json.dumps(asdict(record), indent=1, sort_keys=True).encode()
    storage.write_bytes(record_path(folder), with_checksum(content))


def read_record(folder: str) -> StageRecord | None:
    """The record of the stage in `folder`; None if no run has finished with it, or the file is damaged."""
    content = storage.read_if_there(record_path(folder))
    try:
        return None if content is None else _read(content)
    except (ValueError, RecursionError):
        return None


def record_problem(folder: str) -> str:
    """What is wrong with the record of the stage in `folder`; "" if it is as it was written, and if there is none."""
    content = storage.read_if_there(record_path(folder))
    try:
        if content is not None:
            _read(content)
    except (ValueError, RecursionError) as error:
        return f"is not as it was written ({error})"
    return ""


def _read(content: bytes) -> StageRecord:
    """Raises ValueError for anything that write_record does not write."""
    fields, checked = parsed(content)
    if not checked or fields.keys() != {field.name for field in dataclass_fields(StageRecord)}:
        raise ValueError("it has no checksum, or other fields than a record")
    return StageRecord(**fields)
