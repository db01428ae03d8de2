"""Verifies every file of a run, and removes damaged results, so that the next run makes them again."""

from dataclasses import dataclass

from tokenmill.core.corpus.verify import verify_corpus
from tokenmill.core.errors import DataError, RecipeError, did_you_mean
from tokenmill.core.io import storage
from tokenmill.core.io.storage import is_url, join
from tokenmill.pipeline.record.lock import locked
from tokenmill.pipeline.record.verify import Checked, Told, strangers, take_off_record, verify_stage
from tokenmill.pipeline.report import read_run


@dataclass(frozen=True)
class Verified:
    """The findings about a run.

    Attributes:
        stages: the findings about each stage.
        strangers: paths in the run's folder that belong to no stage. Empty if one stage was checked alone.
        off_record: True if manifests of damaged results were deleted.
        locked: the message about the driver that works on the run, because of which nothing was deleted; else "".
    """

    stages: list[Checked]
    strangers: list[str]
    off_record: bool
    locked: str

    @property
    def good(self) -> bool:
        return all(one.good for one in self.stages) and not self.strangers


def verify_run(run: str, *, told: Told, stage: str | None = None, kept: bool = True) -> Verified:
    """Verifies a whole run: reads every file and compares its checksum. Deletes the manifests of damaged results.

    told: called with the progress. stage: check this stage alone. kept: also check results that were set aside. Raises
    RecipeError if the folder has no run, or the run no such stage.
    """
    folders = {one.name: one.folder for one in read_run(run)}
    if stage is not None and stage not in folders:
        raise RecipeError(f"{run}: no stage {stage!r}{did_you_mean(stage, folders)}")
    checked = {
        folder: verify_stage(folder, kept=kept, told=told) for name, folder in folders.items() if stage in (None, name)
    }
    for folder, one in checked.items():
        _verify_corpus(folder, one)
    strange = strangers(run, folders) if stage is None else []
    damaged = {folder: one for folder, one in checked.items() if one.results or one.unreadable}
    busy = _take_off_record(run, damaged) if damaged else ""
    return Verified(list(checked.values()), strange, bool(damaged) and not busy, busy)


def _verify_corpus(folder: str, checked: Checked) -> None:
    """Compares the files of a corpus with each other and with its manifest. Their checksums were compared before."""
    corpus = join(folder, "corpus")
    if is_url(folder) or not checked.good or not storage.exists(join(corpus, "manifest.json")):
        return
    try:
        verify_corpus(corpus, verify="sampled")
    except DataError as error:
        checked.damaged[corpus] = str(error)
        checked.results[corpus] = join(folder, "manifest", "corpus.json")


def _take_off_record(run: str, damaged: dict[str, Checked]) -> str:
    """Deletes the manifests of damaged results. If a driver works on the run, only returns the message about it."""
    try:
        with locked(run):
            for folder, one in damaged.items():
                take_off_record(folder, one)
    except RecipeError as error:
        return str(error)
    return ""
