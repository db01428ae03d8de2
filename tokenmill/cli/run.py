"""Commands that run a recipe, on this machine or on a cluster, and that show what a run would do."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NoReturn

import typer

from tokenmill.cli.app import (
    AsJson,
    Interrupted,
    Out,
    Plugins,
    RecipeFile,
    RunFolder,
    console,
    log_to_stderr,
    print_json,
)
from tokenmill.core.errors import DataError, RecipeError

if TYPE_CHECKING:
    from tokenmill.pipeline.driver.run import Result
    from tokenmill.pipeline.engine.ray_job import SubmittedJob


AcceptCode = Annotated[
    bool, typer.Option("--accept-code", help="Keep results that differ only in the version of code or packages.")
]
MarkOnly = Annotated[bool, typer.Option("--mark-only", help="Mark documents instead of dropping them.")]
Limit = Annotated[
    int | None, typer.Option(min=1, help="Read at most N documents, from the first shard of each source.")
]
Discard = Annotated[
    bool, typer.Option("--discard", help="Delete results that are no longer wanted instead of setting them aside.")
]
Reuse = Annotated[
    str | None, typer.Option(help="The folder of another run: copy those of its results that this run would make.")
]
_MESSAGES = 8  # per kind, so that the end of a run fits a screen


def run(
    recipe: RecipeFile,
    stage: Annotated[
        str | None, typer.Option(help="Run this stage alone, on the results of the stages before it.")
    ] = None,
    engine: Annotated[Literal["local", "ray"], typer.Option(help="Where tasks run.")] = "local",
    workers: Annotated[
        int | None, typer.Option(help="Worker processes; 0 runs in this process. Default: one per core.")
    ] = None,
    address: Annotated[
        str | None,
        typer.Option(help="The Ray cluster. Default: the cluster of this Ray job, else a new one on this machine."),
    ] = None,
    out: Out = "runs",
    mark_only: MarkOnly = False,
    limit: Limit = None,
    allow_missing: Annotated[
        bool, typer.Option("--allow-missing", help="Run a Global even if shards of its input are missing.")
    ] = False,
    plugins: Plugins = None,
    discard: Discard = False,
    reuse: Reuse = None,
    accept_code: AcceptCode = False,
    first: Annotated[str | None, typer.Option("--from", help="Run this stage and those after it.")] = None,
    last: Annotated[str | None, typer.Option("--until", help="Run this stage and those before it.")] = None,
    json_lines: Annotated[bool, typer.Option("--json", help="Print progress and result as JSON lines.")] = False,
) -> None:
    """Run a recipe, or some of its stages. Results that exist are reused.

    Results of other settings or inputs are set aside in kept/, not deleted.
    """
    from tokenmill.pipeline.driver.options import Options
    from tokenmill.pipeline.driver.progress import progress_for
    from tokenmill.pipeline.driver.run import run as run_recipe
    from tokenmill.pipeline.engine.choice import engine_for
    from tokenmill.pipeline.planning.recipe import load_recipe

    log_to_stderr()
    options = Options(out, stage, mark_only, limit, allow_missing, plugins, discard, reuse, accept_code, first, last)
    checked = load_recipe(recipe)
    pool = engine_for(engine, workers, address)
    try:
        result = run_recipe(checked, pool, options, progress_for("json", sys.stdout) if json_lines else progress_for())
    except (RecipeError, DataError) as error:
        if json_lines:
            print_json({"event": "failed", "error": str(error)}, in_one_line=True)
        raise
    finally:
        pool.close()
    _print_result(result, json_lines)
    if result.failures:
        raise typer.Exit(1)


def submit(
    address: Annotated[str, typer.Option(help="The cluster's dashboard, for example http://head:8265.")],
    recipe: Annotated[str | None, typer.Argument(help="The recipe, a YAML file.")] = None,
    out: Annotated[
        str | None, typer.Option(help="The parent folder of runs: a URL, or a folder that all nodes share.")
    ] = None,
    working_dir: Annotated[
        Path, typer.Option(help="The folder that is sent to the cluster. It contains the recipe.")
    ] = Path("."),
    environment: Annotated[
        Path | None, typer.Option("--runtime-env", help="A YAML file with the packages that Ray installs for the job.")
    ] = None,
    follow: Annotated[str | None, typer.Option(help="The id of a submitted job whose log to follow again.")] = None,
    options: Annotated[list[str] | None, typer.Argument(help="After --: more options for `pipeline run`.")] = None,
) -> None:
    """Run a recipe as a Ray job and follow its log. The exit code is that of the run."""
    import shlex

    from tokenmill.pipeline.engine.ray_job import follow as follow_job
    from tokenmill.pipeline.engine.ray_job import runtime_env
    from tokenmill.pipeline.engine.ray_job import submit as submit_job
    from tokenmill.pipeline.planning.recipe import load_recipe

    log_to_stderr()
    if follow is not None:
        _follow(follow_job(address, follow))
    if recipe is None or out is None:
        raise RecipeError("submit takes a recipe and --out, or --follow JOB for a job that was submitted before")
    load_recipe(recipe)  # its errors are reported here, before a job is submitted
    there = _path_on_cluster(recipe, working_dir)
    command = ["python", "-m", "tokenmill", "run", there, "--engine", "ray", "--out", out, *(options or [])]
    _follow(submit_job(address, shlex.join(command), runtime_env(environment, working_dir)))


def plan(
    recipe: RecipeFile,
    out: Out = "runs",
    mark_only: MarkOnly = False,
    limit: Limit = None,
    plugins: Plugins = None,
    discard: Discard = False,
    reuse: Reuse = None,
    accept_code: AcceptCode = False,
    json_out: AsJson = False,
) -> None:
    """Show what would run: stages, shards, input bytes, finished and set-aside results. Runs nothing."""
    from tokenmill.pipeline.driver.borrow import OtherRun
    from tokenmill.pipeline.driver.check import refuse_problems
    from tokenmill.pipeline.driver.options import Options
    from tokenmill.pipeline.driver.requests import requests_outlook
    from tokenmill.pipeline.driver.reuse import results_outlook
    from tokenmill.pipeline.driver.run import prepare
    from tokenmill.pipeline.engine.choice import cores
    from tokenmill.pipeline.planning.recipe import load_recipe
    from tokenmill.pipeline.report import plan_table

    checked = load_recipe(recipe)
    options = Options(
        out, mark_only=mark_only, limit=limit, plugins=plugins, discard=discard, reuse=reuse, accept_code=accept_code
    )
    folder, _, stages = prepare(checked, options)
    if not json_out:
        plan_table.show(folder, stages, console())
        sys.stdout.flush()
    refuse_problems(checked, stages, folder, cores())
    other = OtherRun(reuse) if reuse else None
    notes: dict[str, list[str]] = {}
    for planned in stages:
        lent = other.outlook(planned) if other else ""
        aside = results_outlook(planned).told(discard=discard)
        outlooks = [aside, lent, *plan_table.outlooks(planned), requests_outlook(planned, stages)]
        notes[planned.name] = list(filter(None, outlooks))
    if json_out:
        print_json({"run": folder, "stages": [plan_table.as_json(one) | {"notes": notes[one.name]} for one in stages]})
        return
    for name, lines in notes.items():
        for line in lines:
            print(f"{name}: {line}")


def clean(run: RunFolder, json_out: AsJson = False) -> None:
    """Delete the results that earlier runs set aside in kept/, and show how much that was."""
    from tokenmill.pipeline.record.kept import clean_run

    amount = clean_run(run)
    if json_out:
        print_json({"run": run, "deleted": asdict(amount)})
    else:
        print(f"{run}: {amount} deleted")


def _print_result(result: "Result", json_lines: bool) -> None:
    from tokenmill.pipeline.report.summary import lines, summary_of

    summary = summary_of(result.folder)
    warnings = [*summary.warnings, *result.warnings]
    _print_some("warning", warnings, result)
    _print_some("failed", result.failures, result)
    if json_lines:
        facts = {"run": result.folder, "log": result.log, "failures": result.failures}
        print_json({"event": "ended", **facts, **asdict(summary), "warnings": warnings}, in_one_line=True)
        return
    for line in lines(summary, failed=bool(result.failures)):
        print(line)
    print(f"run: {result.folder}    log: {result.log}    next: pipeline report {result.folder}")


def _print_some(word: str, messages: list[str], result: "Result") -> None:
    """Prints the first _MESSAGES messages and the number of the others."""
    for message in messages[:_MESSAGES]:
        print(f"{word}: {message}", file=sys.stderr)
    if len(messages) > _MESSAGES:
        more = f"and {len(messages) - _MESSAGES:,} more; pipeline report {result.folder} lists what is missing"
        print(f"{word}: {more}", file=sys.stderr)


def _path_on_cluster(recipe: str, working_dir: Path) -> str:
    """Returns the path of the recipe for the job, whose working directory is a copy of `working_dir`."""
    if "://" in recipe:
        return recipe
    if not Path(recipe).resolve().is_relative_to(working_dir.resolve()):
        raise RecipeError(f"{recipe}: not in --working-dir {working_dir}, so it would not reach the cluster")
    return Path(recipe).resolve().relative_to(working_dir.resolve()).as_posix()


def _follow(job: "SubmittedJob") -> NoReturn:
    """Prints the log of the job to its end and exits with its code. Raises Interrupted after Ctrl-C."""
    print(f"job: {job.id}", file=sys.stderr, flush=True)
    try:
        for text in job.log():
            print(text, end="", flush=True)
        raise typer.Exit(job.exit_code())
    except KeyboardInterrupt:
        raise Interrupted(_left(job)) from None


def _left(job: "SubmittedJob") -> str:
    """Asks whether to stop the job too, and returns the message about it. Without a terminal the job continues."""
    if sys.stdin.isatty() and typer.confirm(f"\nstop job {job.id} on the cluster? No leaves it running", default=False):
        job.stop()
        return f"job {job.id} is being stopped; what is committed stays. Submit the recipe again to continue from there"
    stop = f"ray job stop {job.id} --address {job.address}"
    return f"job {job.id} continues on the cluster. Follow it again: {job.how_to_follow}    Stop it: {stop}"
