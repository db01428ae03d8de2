"""Opens the Parquet files of a run as lazy polars frames."""

import polars as pl
import pyarrow.dataset as ds

from tokenmill.core.errors import DataError, RecipeError, did_you_mean
from tokenmill.core.io import remote
from tokenmill.core.io.storage import is_url
from tokenmill.pipeline.report import RanStage
from tokenmill.pipeline.tasks.drop_records import DROPPED


def documents_of(stages: list[RanStage], name: str | None) -> pl.LazyFrame:
    """Returns the documents of one stage of a run as a lazy polars frame; see Run.documents."""
    stage = _named(stages, name) if name is not None else _last(stages)
    if _writes_files(stage):
        raise RecipeError(f"stage {stage.name!r} writes files of its own, not documents; name another stage")
    if stage.released:
        raise DataError(f"{stage.folder}: its data was deleted after use; give the stage `keep: true`, and run again")
    files = stage.files("data")
    if not files:
        raise DataError(f"stage {stage.name!r} has no results yet; run the whole recipe, or name another stage")
    return _frame(files)


def dropped_of(stages: list[RanStage], name: str | None) -> pl.LazyFrame:
    """Returns the drop records of one stage or of all stages of a run as a lazy polars frame; see Run.dropped."""
    chosen = stages if name is None else [_named(stages, name)]
    parts = [(stage.name, stage.files("dropped")) for stage in chosen]
    frames = [_frame(files).with_columns(stage=pl.lit(stage)) for stage, files in parts if files]
    if not frames:
        return pl.DataFrame(DROPPED.empty_table()).with_columns(stage=pl.lit("")).lazy()
    return pl.concat(frames, how="diagonal")


def _frame(files: list[str]) -> pl.LazyFrame:
    if not is_url(files[0]):
        return pl.scan_parquet(files, glob=False, missing_columns="insert", extra_columns="ignore")
    filesystem = remote.place(files[0])[0]
    return pl.scan_pyarrow_dataset(ds.dataset([remote.place(file)[1] for file in files], filesystem=filesystem))


def _named(stages: list[RanStage], name: str) -> RanStage:
    names = [stage.name for stage in stages]
    if name not in names:
        raise RecipeError(f"no stage {name!r}{did_you_mean(name, names)}")
    return stages[names.index(name)]


def _last(stages: list[RanStage]) -> RanStage:
    """Returns the last stage that makes documents, not files of another format."""
    makers = [stage for stage in stages if not _writes_files(stage)]
    if not makers:
        raise RecipeError("no stage of this run makes documents")
    return makers[-1]


def _writes_files(stage: RanStage) -> bool:
    """Returns whether a stage is known to end in a Writer; of one that has not run, nothing is known."""
    return stage.corpus is not None or (stage.record is not None and stage.record.corpus)
