"""Finds the tasks that wrote damaged files of stages, and deletes their manifests so that they run again.

A stage's tasks compare the checksum of each file that they read. If it differs, the manifest of the shard that the file
belongs to is deleted, and its task runs again; the input of that task may be damaged too.

A result of earlier code that was accepted (`--accept-code`) cannot be made again as it was, because today's code may
produce other bytes. These bytes must not be recorded under the fingerprint of the earlier code, and no result that is
made from them may be recorded as made from the old bytes. So the run is planned again (`PlanAgain`). Then the shard has
the fingerprint of today's code, and the tasks that read it have other fingerprints and read the new file.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from tokenmill.core.errors import DataError
from tokenmill.core.io import storage
from tokenmill.pipeline.driver.globals import REMADE
from tokenmill.pipeline.planning.fingerprint import code_of
from tokenmill.pipeline.planning.plan import PlannedStage
from tokenmill.pipeline.record.ledger import Ledger, forget, json_path

logger = logging.getLogger(__name__)

T = TypeVar("T")


class PlanAgain(Exception):
    """Results of earlier code that the plan needs are damaged or gone. No task may run before there is a new plan."""

    def __init__(self, stage: str) -> None:
        super().__init__(
            f"stage {stage!r}: results of earlier code, which were accepted (--accept-code), are damaged or gone. The "
            "code of today makes them, and what depends on them is planned again"
        )


def replanning(work: Callable[[], T], plan_again: Callable[[], None]) -> T:
    """Returns the result of work(), which starts again with a new plan when results that the plan needs are lost.

    Each time it raises PlanAgain, calls plan_again() and starts work() again.
    """
    while True:
        try:
            return work()
        except PlanAgain as lost:
            logger.warning("%s", lost)
            plan_again()


@dataclass
class Remake:
    """Damaged files that are made again.

    Attributes:
        times: {file: how often it was damaged}.
        damaged: {stage: one of its damaged files}.
        lost: fingerprints of results of earlier code that were neither in their place nor restored from kept/ when
            their stage started.
    """

    times: Counter[str] = field(default_factory=Counter)
    damaged: dict[str, str] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)

    def take_off_record(self, files: Iterable[str], stages: Sequence[PlannedStage]) -> dict[int, dict[int, str]]:
        """Deletes the manifests of the shards that the files belong to.

        Returns {index of the stage: {shard number: file}}. Raises DataError if a file was damaged more than REMADE
        times, or belongs to no shard.
        """
        found: dict[int, dict[int, str]] = {}
        for file in files:
            self.times[file] += 1
            if self.times[file] > REMADE:
                raise DataError(
                    f"{file}: was damaged {REMADE} times after it had been written; check the disk. If the disk is "
                    "sound, a step returns other bytes each time it runs"
                )
            index, number = _shard_of(file, stages)
            found.setdefault(index, {})[number] = file
            self.damaged[stages[index].name] = file
        for index, numbers in found.items():
            folder = stages[index].folder
            forget(Ledger(folder), numbers)
            storage.delete_files(json_path(folder, number) for number in numbers)
            for number, file in numbers.items():
                logger.warning("%s %06d: %s is damaged; the shard is made again", stages[index].name, number, file)
        return dict(sorted(found.items()))

    def refuse_lost_results(self, planned: PlannedStage) -> None:
        """Raises PlanAgain if the stage lacks results of earlier code, DataError if it lacked one of them before.

        Results in kept/ must have been restored before.
        """
        lost = lost_results(planned)
        if lost & self.lost:
            raise DataError(
                f"{planned.folder}: {len(lost):,} results of earlier code, which were accepted (--accept-code), are in "
                "kept/ and cannot be read now, see above. Run again when they can be read, or delete them "
                "(`pipeline clean`), so that the code of today makes them"
            )
        self.lost |= lost
        if lost:
            raise PlanAgain(planned.name)


def lost_results(planned: PlannedStage) -> set[str]:
    """Returns the fingerprints of results of other code that the plan needs but that are missing.

    Today's code must not make them.
    """
    wanted = {shard.fingerprint for shard in planned.shards if not shard.done}
    if planned.stage.final is not None and not planned.done:
        wanted.add(planned.root)
    return {fingerprint for fingerprint in wanted if code_of(fingerprint) != planned.code}


def _shard_of(file: str, stages: Sequence[PlannedStage]) -> tuple[int, int]:
    """Returns (index of the stage, shard number) that a data file belongs to. Raises DataError if there is no stage."""
    for index, planned in enumerate(stages):
        name = file.rpartition("/")[2].removesuffix(".parquet")
        if name.isdecimal() and file == planned.data_path(int(name)):
            return index, int(name)
    raise DataError(f"{file}: damaged, and no stage of this run makes it; get a sound copy")


def not_made(file: str, why: str) -> DataError:
    """Returns the error of the tasks that would read a damaged file that cannot be made again.

    why: "" if the file's own task failed.
    """
    return DataError(f"{file}: damaged, and it cannot be made again: {why or 'its own task failed, see above'}")
