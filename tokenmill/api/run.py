"""Runs recipes from Python and opens finished runs."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tokenmill.core.errors import RecipeError, did_you_mean, short
from tokenmill.core.io.storage import join

if TYPE_CHECKING:
    import polars as pl

    from tokenmill.core.corpus.token_shard import Corpus
    from tokenmill.pipeline.planning.recipe import Recipe
    from tokenmill.pipeline.report import RanStage
    from tokenmill.pipeline.report.explain import Chapter
    from tokenmill.pipeline.report.funnel import Funnel
    from tokenmill.pipeline.report.what_if import Answer

RecipeLike = str | os.PathLike[str] | Mapping[str, Any]
"""A recipe: the path or URL of a YAML file, the YAML itself as text of several lines, or its content as a dict."""

_UNNAMED = "the recipe"
"""Names a recipe without a file in messages."""


@dataclass(frozen=True)
class Run:
    """A run on disk.

    Attributes:
        folder: its path or URL.
        failures: one line for each problem that made run() fail; empty for a run that was opened.
        warnings: one line for each problem that does not make run() fail: files with damaged records, inputs that are
            missing if that was allowed, stages that kept no document, steps that raised. Empty for a run that was
            opened.
        log: the log file of the call of run(); "" for a run that was opened.
        plugins: the package, folder or file with the plug-ins of its recipe, which what_if() imports.
        stages: names of the stages that run() was to run; empty for a run that was opened.
    """

    folder: str
    failures: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    log: str = ""
    plugins: str | None = None
    stages: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """True if nothing failed and all stages that were run are complete and balanced. An opened run: all stages."""
        return not self.failures and all(
            one.good for one in self.report() if one.stage in self.stages or not self.stages
        )

    def report(self) -> list["Funnel"]:
        """Returns the counts of each stage in order: documents in and out, drops by rule, tokens.

        `pipeline report` shows them as a table.
        """
        from tokenmill.pipeline.report.funnel import funnel

        return funnel(self._stages())

    def documents(self, stage: str | None = None) -> "pl.LazyFrame":
        """Returns the documents that a stage made, one per row. Files are read when the frame is collected.

        stage: default the last one that is not known to end in a Writer. Raises RecipeError if there is no such stage
        or if it writes files of its own, DataError if it has no results yet or if its data was deleted after use
        (`keep: false`). Checksums are not compared; `pipeline verify` does that.
        """
        from tokenmill.api.frames import documents_of

        return documents_of(self._stages(), stage)

    def dropped(self, stage: str | None = None) -> "pl.LazyFrame":
        """Returns the drop records of a stage, one per row, with its name in the column `stage`.

        Files are read when the frame is collected. stage: default all stages. Raises RecipeError if there is no such
        stage.
        """
        from tokenmill.api.frames import dropped_of

        return dropped_of(self._stages(), stage)

    def explain(self, id_or_url: str) -> list["Chapter"]:
        """Returns what each stage did with a document, in order of the stages.

        If a URL has several documents, those of the first come first. Raises RecipeError if no stage has such a
        document.
        """
        from tokenmill.pipeline.report.explain import story

        return list(story(self._stages(), id_or_url))

    def what_if(self, thresholds: Mapping[str, object], *, examples: int = 3) -> "Answer":
        """Returns what other thresholds would drop and keep, computed from the stored signals.

        thresholds: for example {"gopher_quality.min_words": 30}. examples: number of documents to name for each kind of
        change. Raises RecipeError if the run cannot answer.
        """
        import json

        from tokenmill.pipeline.report.what_if import what_if

        if not thresholds:
            raise RecipeError("what-if: no threshold given; give one such as {'gopher_quality.min_words': 30}")
        settings = [f"{name}={json.dumps(value)}" for name, value in thresholds.items()]
        return what_if(self.folder, settings, plugins=self.plugins, sample=examples)

    def corpus(self, stage: str | None = None) -> "Corpus":
        """Returns the token corpus that a stage wrote.

        stage: default the only one that wrote a corpus. Raises RecipeError if there is none, or if there are several
        and `stage` is not given.
        """
        from tokenmill.core.corpus.token_shard import read_corpus

        found = [one.name for one in self._stages() if one.corpus is not None]
        if stage is not None and stage not in found:
            raise RecipeError(f"{self.folder}: no corpus of a stage {stage!r}{did_you_mean(stage, found)}")
        if stage is None and len(found) != 1:
            names = ", ".join(found) or "none"
            raise RecipeError(f"{self.folder}: stages with a corpus: {names}; expected one, name it with stage=")
        return read_corpus(join(self.folder, stage or found[0], "corpus"))

    def _stages(self) -> list["RanStage"]:
        from tokenmill.pipeline.report import read_run

        return read_run(self.folder)


def run(
    recipe: RecipeLike,
    *,
    out: str | os.PathLike[str] = "runs",
    workers: int | None = None,
    engine: Literal["local", "ray"] = "local",
    address: str | None = None,
    stage: str | None = None,
    limit: int | None = None,
    mark_only: bool = False,
    allow_missing: bool = False,
    plugins: str | os.PathLike[str] | None = None,
    discard: bool = False,
    reuse: str | os.PathLike[str] | None = None,
    accept_code: bool = False,
    first: str | None = None,
    last: str | None = None,
    progress: Literal["auto", "plain", "json", "none"] = "auto",
) -> Run:
    """Runs a recipe from Python as `pipeline run` does. Results that exist are reused.

    Args:
        recipe: a path or URL, YAML text of several lines, or a dict.
        out: the parent folder of runs, a path or a URL.
        workers: number of worker processes; 0 runs the tasks in this process. Default: one per CPU core.
        engine: "local" for processes of this machine, "ray" for a cluster. Default local.
        address: the Ray cluster. Default: the cluster of this Ray job, else a new one on this machine.
        stage: run this stage alone, on the results of the stages before it. Default: all stages.
        limit: largest number of documents to read from each Source, only from its first shard (a file, or a range of
            one). At least 1. Such a run has a folder of its own. Default: no limit.
        mark_only: mark documents instead of dropping them. Such a run has a folder of its own.
        allow_missing: a Global also runs if shards of its input are missing.
        plugins: an importable package, a folder or a `.py` file with units or functions that the recipe may name.
        discard: delete results that are no longer wanted instead of setting them aside.
        reuse: the folder of another run. Those of its results that this run would make are copied.
        accept_code: keep results that differ only in the version of code or packages.
        first, last: run the stages from `first` to `last`, both included. Default: all stages.
        progress: "auto" draws bars if standard error is a terminal and writes lines otherwise; "plain" writes lines,
            "json" JSON lines, "none" nothing.

    Returns a Run; its `ok` is True if everything was made. Raises RecipeError for a wrong recipe or setting, and if
    another run works in the same folder; DataError if the run must stop; MemoryError if workers=0 and memory runs out.
    """
    from tokenmill.pipeline.driver.options import Options
    from tokenmill.pipeline.driver.progress import progress_for
    from tokenmill.pipeline.driver.run import run as run_recipe
    from tokenmill.pipeline.engine.choice import engine_for
    from tokenmill.pipeline.report.summary import summary_of

    options = Options(
        _given(out), stage, mark_only, limit, allow_missing, _text(plugins), discard,
        _text(reuse), accept_code, first, last,
    )  # fmt: skip
    loaded = load(recipe)
    chosen = engine_for(engine, workers, address)
    try:
        result = run_recipe(loaded, chosen, options, progress_for(progress))
    finally:
        chosen.close()
    warnings = (*summary_of(result.folder).warnings, *result.warnings)
    stages = tuple(sorted(options.stages(loaded)))
    return Run(result.folder, tuple(result.failures), warnings, result.log, _text(plugins), stages)


def open_run(folder: str | os.PathLike[str], *, plugins: str | os.PathLike[str] | None = None) -> Run:
    """Opens the run in a folder for the Python API, to look at its results.

    Raises RecipeError if there is none, or if it has another format.
    """
    from tokenmill.pipeline.report import read_run

    found = Run(_given(folder).rstrip("/"), plugins=_text(plugins))
    read_run(found.folder)
    return found


def _text(path: str | os.PathLike[str] | None) -> str | None:
    """Returns a path as text. Raises RecipeError for anything else."""
    found = os.fspath(path) if isinstance(path, os.PathLike) else path
    if not isinstance(found, str | None):
        raise RecipeError(f"found {short(path)}, expected a path")
    return found


def _given(path: str | os.PathLike[str]) -> str:
    """Returns a path that must be given, as text."""
    text = _text(path)
    if not text:
        raise RecipeError(f"found {short(path)}, expected a path")
    return text


def load(recipe: RecipeLike) -> "Recipe":
    """Reads a recipe for the Python API, from a path, YAML text or a dict, and checks its grammar. Raises RecipeError.

    In messages about a dict, line numbers count the lines of the dict as YAML, in the order of its keys.
    """
    from tokenmill.pipeline.planning.recipe import load_recipe, read_recipe

    if isinstance(recipe, Mapping):
        return read_recipe(_yaml_of(recipe), _UNNAMED)
    if not isinstance(recipe, str | os.PathLike):
        raise RecipeError(f"{_UNNAMED}: found {short(recipe)}, expected the path of a YAML file, YAML text or a dict")
    if isinstance(recipe, Path) or "\n" not in os.fspath(recipe):
        return load_recipe(os.fspath(recipe))
    return read_recipe(os.fspath(recipe), _UNNAMED)


def _yaml_of(recipe: Mapping[str, Any]) -> str:
    import yaml

    try:
        return yaml.safe_dump(dict(recipe), sort_keys=False)
    except (yaml.representer.RepresenterError, ValueError) as error:  # ValueError: an int of thousands of digits
        raise RecipeError(f"{_UNNAMED}: {error}; expected text, numbers, lists and dicts") from error
    except RecursionError as error:
        raise RecipeError(f"{_UNNAMED}: lists or dicts too deep inside each other; a recipe needs few") from error
