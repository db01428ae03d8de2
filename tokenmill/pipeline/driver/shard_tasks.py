"""Makes the tasks of a stage's shards, each with the committed file that it reads."""

from collections.abc import Iterator, Mapping, Sequence

import pyarrow as pa

from tokenmill.core.errors import RecipeError
from tokenmill.core.io import parquet
from tokenmill.core.io.storage import FileRecord
from tokenmill.pipeline.planning.plan import PlannedStage
from tokenmill.pipeline.record.ledger import Ledger
from tokenmill.pipeline.record.task import shard_name
from tokenmill.pipeline.tasks.drop_records import Excerpts
from tokenmill.pipeline.tasks.shard import ShardTask


def tasks_of_shards(
    planned: PlannedStage,
    stages: Sequence[PlannedStage],
    excerpts: Excerpts,
    *,
    mark_only: bool,
    limit: int | None,
    missing: tuple[str, ...],
) -> Iterator[ShardTask]:
    """Yields a task for each shard of a stage whose input exists.

    Raises DamagedFile for a file whose columns cannot be read. stages: all stages of the plan. limit: largest number of
    documents per shard of a Source. missing: names of the inputs that the stage lacks.
    """
    stage = planned.stage
    data = CommittedData([one for one in stages if one.name in stage.inputs])
    schema = data.common_schema() if len(stage.inputs) > 1 else None
    for shard in planned.shards:
        if shard.origin and shard.origin not in data:
            continue  # the record of its stage names it as missing
        yield ShardTask(
            shard_name(planned.folder, shard.number, shard.fingerprint),
            stage.steps,
            excerpts,
            source=stage.source,
            shard=shard.shard,
            input=data[shard.origin] if shard.origin else None,
            schema=schema,
            mark_only=mark_only,
            limit=limit if stage.source is not None else None,
            missing=missing,
        )


class CommittedData:
    """The data files of all finished shards of some stages, by (stage, shard number)."""

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
        """Returns all columns of the stages. All shards of a stage have the same columns, so one shard is read.

        Raises DamagedFile, and RecipeError for columns that have one name but no common type.
        """
        one_each = {origin[0]: origin for origin in self._done}
        schemas = {stage: parquet.checked_schema(self[origin]) for stage, origin in one_each.items()}
        try:
            return pa.unify_schemas(list(schemas.values()), promote_options="permissive") if schemas else pa.schema([])
        except pa.ArrowTypeError as error:
            names = " and ".join(map(repr, schemas))
            raise RecipeError(
                f"the stages {names}, which one stage reads together, have a column of one name and different types: "
                f"{error}; rename it, or give it one type"
            ) from error
