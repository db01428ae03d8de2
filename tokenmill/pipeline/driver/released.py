"""Deletes the data of stages with `keep: false` when all stages that read it are done. It is made again if needed."""

from collections.abc import Iterable

from tokenmill.core.io import storage
from tokenmill.core.io.storage import join
from tokenmill.pipeline.planning.plan import PlannedStage, consumers


def release(stages: list[PlannedStage]) -> None:
    """Deletes the data of stages with `keep: false` that no stage needs any longer."""
    for planned in stages:
        readers = consumers(planned, stages)
        if planned.stage.spec.keep or not readers or not planned.done or not all(reader.done for reader in readers):
            continue
        if not storage.exists(planned.released_marker):
            storage.write_bytes(planned.released_marker, b"its data was deleted after its consumers had committed\n")
            storage.delete(join(planned.folder, "data"))


def consumed(planned: PlannedStage, stages: list[PlannedStage]) -> bool:
    """Returns True if the data of a stage with `keep: false` was deleted and no stage needs it."""
    readers = consumers(planned, stages)
    return planned.stage.spec.keep is False and planned.released and bool(readers) and all(one.done for one in readers)


def released_inputs(planned: PlannedStage, stages: Iterable[PlannedStage]) -> str:
    """Returns why the stage cannot run, if data of a stage that it reads was deleted on purpose; otherwise ""."""
    before = (one for one in stages if one.name in planned.stage.inputs)
    gone = [repr(one.name) for one in before if storage.exists(one.released_marker)]
    if not gone:
        return ""
    return (
        f"its input, the data of stage {', '.join(gone)}, was deleted after use (keep: false). Run the recipe again: "
        "that stage is made again first"
    )
