"""Reads a run from disk: the funnel, dropped documents, one document's story. Nothing here changes a run."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import pyarrow as pa
import yaml

from tokenmill.core.errors import DamagedFile, DataError, RecipeError, did_you_mean
from tokenmill.core.io import parquet, storage
from tokenmill.core.io.storage import join
from tokenmill.pipeline.planning.recipe import load_recipe
from tokenmill.pipeline.record.facts import facts_path, facts_problem
from tokenmill.pipeline.record.ledger import Ledger, lacking
from tokenmill.pipeline.record.manifest import Manifest, read_manifest
from tokenmill.pipeline.record.run_format import check_format
from tokenmill.pipeline.record.stage_record import StageRecord, read_record

_UNREADABLE = (OSError, ValueError, pa.ArrowException)

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True)
class RanStage:
    """One stage of a run on disk.

    Attributes:
        inputs: names of the stages that it reads.
        manifests: {shard number: manifest}, as far as they are there.
        corpus: the manifest of a Writer's output; None if there is none.
        record: how complete the stage is; None if no run has finished the stage.
    """

    name: str
    folder: str
    inputs: tuple[str, ...]
    manifests: Ledger
    corpus: Manifest | None
    record: StageRecord | None
    _sound: set[str] = field(default_factory=set)

    @property
    def unfinished(self) -> bool:
        """True for a Global that stopped before its decisions were applied."""
        return storage.exists(join(self.folder, "work"))

    def lacking(self) -> list[str]:
        """Returns the whole paths of result files that are gone or have another size. Contents are not compared."""
        found = self.manifests.lacking(released=self.released)
        record = self.record if self.record is not None and self.record.done == self.record.shards else None
        if self.corpus is not None:
            found += lacking(self.corpus, self.folder)
        elif record is not None and record.corpus:
            found.append(join(self.folder, "manifest", "corpus.json"))
        if record is not None and record.facts and facts_problem(self.folder):
            found.append(facts_path(self.folder))
        return found

    def files(self, kind: str) -> list[str]:
        """Returns the paths of Parquet files of kind 'data' or 'dropped' that a manifest lists and that are there."""
        return self.manifests.files(kind)

    def file(self, kind: str, shard: int) -> str:
        """Returns the path of a shard's file of kind 'data' or 'dropped'; "" if it is not listed or not there."""
        return self.manifests.file(kind, shard)

    @property
    def released(self) -> bool:
        """True if its data was deleted on purpose after use."""
        return storage.exists(join(self.folder, "released"))

    def checked(self, file: str) -> str:
        """Returns the path `file`, one of files(), after comparing its checksum (of a remote file only its size).
        Raises DataError if it is damaged; the message names the file and says what to do.
        """
        if file in self._sound:
            return file
        kind, name = file.rsplit("/", 2)[1:]
        manifest = self.manifests[int(name.partition(".")[0])]
        try:
            for written in manifest.files(self.folder, kind):
                parquet.refuse_damage(written)
        except DamagedFile as error:
            raise self._cannot_read(error) from error
        self._sound.add(file)
        return file

    def columns(self, file: str) -> pa.Schema:
        """Returns the schema of one of files(). Raises DataError if the file is damaged."""
        try:
            return parquet.table_schema(self.checked(file))
        except _UNREADABLE as error:
            raise self._cannot_read(f"{file}: {error}") from error

    def batches(self, file: str, columns: list[str] | None = None) -> Iterator[pa.RecordBatch]:
        """Yields the rows of one of files(), one batch per row group. Raises DataError if the file is damaged."""
        try:
            yield from parquet.read_table(self.checked(file), columns)
        except _UNREADABLE as error:
            raise self._cannot_read(f"{file}: {error}") from error

    def _cannot_read(self, why: object) -> DataError:
        run = self.folder.rpartition("/")[0]
        return DataError(
            f"{why}. `pipeline verify {run}` names all damaged files. Then run the recipe again; it makes them again"
        )


def read_run(folder: str) -> list[RanStage]:
    """Returns the stages of a run on disk in recipe order.

    Raises RecipeError if the folder is not a run, or is a run of another format.
    """
    path = join(folder, "recipe.yaml")
    if not storage.exists(path):
        parent, _, name = folder.rstrip("/").rpartition("/")
        here = [
            one
            for one in storage.list_folders(parent or ".")
            if storage.exists(join(parent or ".", one, "recipe.yaml"))
        ]
        hint = did_you_mean(name, here)
        raise RecipeError(f"{folder}: no run here (no recipe.yaml){hint}; give the run's folder, for example runs/mini")
    check_format(folder)
    recipe = load_recipe(path)
    filled = yaml.safe_load(storage.read_bytes(path))["stages"]
    return [_stage(folder, spec.name, tuple(filled[spec.name].get("from", ()))) for spec in recipe.stages]


def _stage(folder: str, name: str, inputs: tuple[str, ...]) -> RanStage:
    place = join(folder, name)
    corpus = read_manifest(join(place, "manifest", "corpus.json"))
    return RanStage(name, place, inputs, Ledger(place), corpus, read_record(place))


def plain(text: str | None) -> str:
    """Returns crawled text made safe for a terminal: control and direction-changing characters become visible codes."""
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text or "").replace("\n", "⏎ ")
