"""Files of stages that turn out to be damaged: which task wrote them, and that it has not ended after all.

A stage's tasks compare the checksum of what they read. If it differs, the manifest of the shard that the file belongs
to is deleted, and its task runs again; its own input may be damaged too.
"""

import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from tokenmill.core.errors import DataError
from tokenmill.core.io import parquet, storage
from tokenmill.core.io.storage import FileRecord
from tokenmill.pipeline.driver.globals import REMADE
from tokenmill.pipeline.planning.plan import PlannedStage
from tokenmill.pipeline.record.ledger import Ledger, forget, json_path

logger = logging.getLogger(__name__)


@dataclass
class Remake:
    """Damaged files that were made again. times: how often, by file."""

    times: Counter[str] = field(default_factory=Counter)

    def take_off_record(self, files: Iterable[str], stages: Sequence[PlannedStage]) -> dict[int, dict[int, str]]:
        """Deletes the manifests of the shards that the files belong to: {place of the stage: {shard number: file}}.
        Raises DataError if a file was made again too often, or belongs to no shard.
        """
        found: dict[int, dict[int, str]] = {}
        for file in files:
            self.times[file] += 1
            if self.times[file] > REMADE:
                raise DataError(
                    f"{file}: was damaged {REMADE} times after it had been written; look at the disk. If it is sound, "
                    "a step gives other bytes each time it runs"
                )
            index, number = _shard_of(file, stages)
            found.setdefault(index, {})[number] = file
        for index, numbers in found.items():
            folder = stages[index].folder
            forget(Ledger(folder), numbers)
            storage.delete_files(json_path(folder, number) for number in numbers)
            for number, file in numbers.items():
                logger.warning("%s %06d: %s is damaged; the shard is made again", stages[index].name, number, file)
        return dict(sorted(found.items()))


def _shard_of(file: str, stages: Sequence[PlannedStage]) -> tuple[int, int]:
    """(place of the stage, number of the shard) that a data file belongs to."""
    for index, planned in enumerate(stages):
        name = file.rpartition("/")[2].removesuffix(".parquet")
        if name.isdecimal() and file == planned.data_path(int(name)):
            return index, int(name)
    raise DataError(f"{file}: damaged, and no stage of this run makes it; get a sound copy")


def released_inputs(planned: PlannedStage, stages: Iterable[PlannedStage]) -> str:
    """Why the stage cannot run: the data of a stage that it reads was deleted on purpose; "" if it can."""
    before = (one for one in stages if one.name in planned.stage.inputs)
    gone = [repr(one.name) for one in before if storage.exists(one.released_marker)]
    if not gone:
        return ""
    return (
        f"its input, the data of stage {', '.join(gone)}, was deleted after use (keep: false). Run the recipe again: "
        "that stage is made again first"
    )


def not_made(file: str, why: str) -> DataError:
    """For the tasks that would read the file."""
    return DataError(f"{file}: damaged, and it cannot be made again: {why or 'its own task failed, see above'}")


class CommittedData:
    """The data files of all shards that are there of some stages, by (stage, shard number)."""

    def __init__(self, stages: Sequence[PlannedStage]) -> None:
        self._ledgers: Mapping[str, Ledger] = {one.name: Ledger(one.folder) for one in stages}
        self._done = {(one.name, shard.number): None for one in stages for shard in one.shards if shard.done}

    def __contains__(self, origin: tuple[str, int]) -> bool:
        return origin in self._done

    def __getitem__(self, origin: tuple[str, int]) -> FileRecord:
        name, number = origin
        ledger = self._ledgers[name]
        [data] = ledger[number].files(ledger.folder, "data")
        return data

    def common_schema(self) -> pa.Schema:
        """All columns of stages that come together; one shard speaks for its stage. Raises DamagedFile."""
        one_each = {origin[0]: origin for origin in self._done}
        schemas = [parquet.checked_schema(self[origin]) for origin in one_each.values()]
        return pa.unify_schemas(schemas, promote_options="permissive")
