"""The one program, `tokenmill` = `pipeline`. The top floor: it alone knows both pipeline and train, and loads them
lazily.

Exit codes: 0 done (warnings for files read only in part), 1 failed or an input wholly unreadable, 2 the recipe or the
command is wrong, 130 interrupted.
"""

import json
import logging
import os
import statistics
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from tokenmill.core.errors import DataError, RecipeError

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None,
                  help="Raw crawl in, training tokens out, every removal on record.")  # fmt: skip
models_app = typer.Typer(no_args_is_help=True, help="Model files: what there is, and getting them.")
tokens_app = typer.Typer(no_args_is_help=True, help="Token stores: verify, stats, cat.")
train_app = typer.Typer(no_args_is_help=True, help="Train a model on a token store.")
app.add_typer(models_app, name="models")
app.add_typer(tokens_app, name="tokens")
app.add_typer(train_app, name="train")

INTERRUPTED = 130

Recipe = Annotated[str, typer.Argument(help="The recipe, a YAML file.")]
Out = Annotated[str, typer.Option(help="The parent folder of runs, a path or a URL.")]
Plugins = Annotated[str | None, typer.Option(help="Package whose modules the recipe may name as work.")]
Corpus = Annotated[str, typer.Argument(help="The corpus: its folder or manifest.json, a path or a URL.")]
RunFolder = Annotated[str, typer.Argument(help="The run's folder, for example runs/mini.")]


def main() -> None:
    """Entry point of both console scripts."""
    with _exit_codes():
        code = app(standalone_mode=False)  # without standalone mode a typer.Exit comes back as its code
        if code == INTERRUPTED:
            raise KeyboardInterrupt
        sys.exit(code or 0)


@contextmanager
def _exit_codes() -> Iterator[None]:
    try:
        yield
    except RecipeError as error:
        _say(error, 2)
    except DataError as error:
        _say(error, 1)
    except (KeyboardInterrupt, typer.Abort):
        print(
            "\ninterrupted; what is committed stays. The same command goes on from there", file=sys.stderr, flush=True
        )
        os._exit(INTERRUPTED)  # at once: finalizers of half-started libraries may hang
    except Exception as error:
        if not hasattr(error, "format_message"):
            raise
        _say(error.format_message(), 2)  # click's usage errors


def _say(error: object, code: int) -> None:
    print(f"error: {error}", file=sys.stderr)
    sys.exit(code)


@app.command()
def run(
    recipe: Recipe,
    stage: Annotated[str | None, typer.Option(help="Run this stage alone, from the one before it.")] = None,
    engine: Annotated[Literal["local", "ray"], typer.Option(help="Where tasks run.")] = "local",
    workers: Annotated[
        int | None, typer.Option(help="Worker processes; 0 runs in this process. Default: the cores.")
    ] = None,
    address: Annotated[
        str | None, typer.Option(help="The Ray cluster. Default: the one this is a job of, else one started here.")
    ] = None,
    out: Out = "runs",
    mark_only: Annotated[bool, typer.Option("--mark-only", help="Mark documents instead of dropping them.")] = False,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Read only N documents, of each source's first file.")
    ] = None,
    allow_missing: Annotated[
        bool, typer.Option("--allow-missing", help="Let a Global run over missing shards.")
    ] = False,
    plugins: Plugins = None,
    json_lines: Annotated[bool, typer.Option("--json", help="Progress and result as JSON lines.")] = False,
) -> None:
    """Run what is missing of a recipe, or one stage."""
    from tokenmill.pipeline.driver.progress import progress_for
    from tokenmill.pipeline.driver.run import Options
    from tokenmill.pipeline.driver.run import run as run_recipe
    from tokenmill.pipeline.planning.recipe import load_recipe

    _log()
    options = Options(out, stage, mark_only, limit, allow_missing, plugins)
    checked = load_recipe(recipe)
    pool = _engine(engine, workers, address)
    try:
        result = run_recipe(checked, pool, options, progress_for("json" if json_lines else "auto"))
    finally:
        pool.close()
    for warning in result.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    for failure in result.failures:
        print(f"failed: {failure}", file=sys.stderr)
    if json_lines:
        print(json.dumps({"run": result.folder, "warnings": result.warnings, "failures": result.failures}))
    else:
        print(f"run: {result.folder}    next: pipeline report {result.folder}")
    if result.failures:
        raise typer.Exit(1)


@app.command()
def submit(
    recipe: Recipe,
    address: Annotated[str, typer.Option(help="The cluster's dashboard, for example http://head:8265.")],
    out: Annotated[str, typer.Option(help="The parent folder of runs: a URL, or a folder that all nodes share.")],
    working_dir: Annotated[Path, typer.Option(help="Sent to the cluster; the recipe is in it.")] = Path("."),
    environment: Annotated[
        Path | None, typer.Option("--runtime-env", help="A YAML file: what Ray installs for the job.")
    ] = None,
    options: Annotated[list[str] | None, typer.Argument(help="After --: more options for `pipeline run`.")] = None,
) -> None:
    """Run a recipe as a Ray job and follow its log; the exit code is the run's."""
    import shlex

    from tokenmill.pipeline.engine.ray_job import runtime_env
    from tokenmill.pipeline.engine.ray_job import submit as submit_job
    from tokenmill.pipeline.planning.recipe import load_recipe

    _log()
    load_recipe(recipe)  # what is wrong with it is better said now
    there = recipe
    if "://" not in recipe:
        if not Path(recipe).resolve().is_relative_to(working_dir.resolve()):
            raise RecipeError(f"{recipe}: not in --working-dir {working_dir}, so it would not reach the cluster")
        there = Path(recipe).resolve().relative_to(working_dir.resolve()).as_posix()
    command = ["python", "-m", "tokenmill", "run", there, "--engine", "ray", "--out", out, *(options or [])]
    job = submit_job(address, shlex.join(command), runtime_env(environment, working_dir))
    print(f"job: {job.id}", file=sys.stderr)
    try:
        for text in job.log():
            print(text, end="", flush=True)
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED if _stopped(job) else 0) from None
    raise typer.Exit(job.exit_code())


def _stopped(job: Any) -> bool:
    """What Ctrl-C means for a job that runs elsewhere is asked; where nobody can answer, it runs on."""
    if sys.stdin.isatty() and typer.confirm(f"\nstop job {job.id} on the cluster? No leaves it running", default=False):
        job.stop()
        return True
    print(f"job {job.id}: runs on. To stop it: ray job stop {job.id}", file=sys.stderr)
    return False


@app.command()
def plan(
    recipe: Recipe, out: Out = "runs", mark_only: bool = False, limit: int | None = None, plugins: Plugins = None
) -> None:
    """Say what would run: stages, shards, input bytes, what is done already. Runs nothing."""
    from rich.table import Table

    from tokenmill.core.rules import step_name
    from tokenmill.pipeline.driver.requests import requests_outlook
    from tokenmill.pipeline.driver.run import Options, prepare
    from tokenmill.pipeline.planning.recipe import load_recipe

    folder, _, stages = prepare(load_recipe(recipe), Options(out, None, mark_only, limit, False, plugins))
    table = Table(title=f"plan for {folder}", title_justify="left")
    for name in ("stage", "work", "shards", "done", "input MB", "MB a shard: least", "median", "most"):
        table.add_column(name, justify="left" if name in ("stage", "work") else "right")
    for planned in stages:
        work = " → ".join(step_name(unit) for unit in planned.stage.work)
        sizes = [shard.shard.length / 1e6 for shard in planned.shards if shard.shard]
        spread = [sum(sizes), min(sizes), statistics.median(sizes), max(sizes)] if sizes else []
        done = sum(shard.done for shard in planned.shards)
        told = [f"{size:,.3g}" if size < 1 else f"{size:,.1f}" for size in spread]
        table.add_row(planned.name, work, str(len(planned.shards)), str(done), *told)
    _console().print(table)
    for planned in stages:
        for unit in planned.stage.work:
            if hasattr(unit, "outlook"):
                print(f"{planned.name}: {unit.outlook()}")
        if planned.stage.final is not None:
            print(f"{planned.name}: {requests_outlook(planned, stages)}")


@app.command()
def report(run: RunFolder, json_out: Annotated[bool, typer.Option("--json", help="For machines.")] = False) -> None:
    """Where every document went: the funnel, with drops by rule. Exits 1 if it does not balance."""

    from tokenmill.pipeline.report import funnel, read_run

    funnels = funnel.funnel(read_run(run))
    if json_out:
        print(json.dumps(funnel.as_json(funnels), indent=1))
        balanced = all(one.balanced for one in funnels)
    else:
        balanced = funnel.show(funnels, _console())
    if not balanced:
        raise typer.Exit(1)


@app.command()
def audit(
    run: RunFolder,
    rule: Annotated[str | None, typer.Option(help="A rule, or a step for all its rules.")] = None,
    sample: Annotated[int, typer.Option(min=1, help="How many documents.")] = 10,
    seed: Annotated[int, typer.Option(help="Another seed shows others.")] = 0,
) -> None:
    """Look at a sample of what was dropped."""

    from tokenmill.pipeline.report import audit as look
    from tokenmill.pipeline.report import read_run

    look.show(look.sample(look.dropped(read_run(run), rule), sample, seed), _console())


@app.command("dedup-audit")
def dedup_audit(
    run: RunFolder,
    anchors: Annotated[int, typer.Option(min=1, help="How many documents to compare with all others.")] = 1000,
    stage: Annotated[str | None, typer.Option(help="Which MinHash stage, if there are several.")] = None,
    seed: Annotated[int, typer.Option(help="Another seed draws others.")] = 0,
    plugins: Plugins = None,
    json_out: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """How many near-duplicates MinHash found, by true similarity, beside what its bands promise."""
    from tokenmill.audits import dedup_audit as look

    found = look.dedup_audit(run, anchors=anchors, stage=stage, seed=seed, plugins=plugins)
    if json_out:
        print(json.dumps(look.as_json(found), indent=1))
    else:
        look.show(found, _console())


@app.command("dedup-preview")
def dedup_preview(
    recipe: Recipe,
    stage: Annotated[str, typer.Option(help="The stage that removes duplicates; those before it must have run.")],
    sample: Annotated[int, typer.Option(min=0, help="How many of a cluster's duplicates to show.")] = 3,
    workers: Annotated[int, typer.Option(min=0, help="Worker processes; 0 runs in this process.")] = 0,
    out: Out = "runs",
    mark_only: Annotated[bool, typer.Option("--mark-only", help="As of the run to come.")] = False,
    plugins: Plugins = None,
    json_out: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """A dry run: the twenty largest clusters of duplicates with samples. Nothing of the stage's results is written."""
    from tokenmill.pipeline.driver import preview as look
    from tokenmill.pipeline.driver.progress import progress_for
    from tokenmill.pipeline.driver.run import Options, preview
    from tokenmill.pipeline.engine.local import InProcess, LocalPool
    from tokenmill.pipeline.planning.recipe import load_recipe

    pool = LocalPool(workers) if workers else InProcess()
    options = Options(out, stage, mark_only, None, False, plugins)
    try:
        found = preview(load_recipe(recipe), pool, options, progress_for("none"), stage=stage, sample=sample)
    finally:
        pool.close()
    if json_out:
        print(json.dumps(look.as_json(found), indent=1))
    else:
        look.show(found, _console())


@app.command("dedup-index")
def dedup_index(
    run: RunFolder,
    to: Annotated[str, typer.Option("--out", help="The folder to write; for `index` of another run's stages.minhash.")],
    stage: Annotated[str | None, typer.Option(help="Which MinHash stage, if there are several.")] = None,
    plugins: Plugins = None,
) -> None:
    """Remember what a MinHash stage kept, without its text, so that later snapshots are compared with it."""
    from tokenmill.audits.dedup_audit import finished_minhash

    chosen, ran = finished_minhash(run, stage, plugins)
    files = [file for one in ran if one.name == chosen.spec.name for file in one.files("data")]
    minhash: Any = chosen.final
    said = minhash.write_index(files, to)
    if not said["documents"] and said["version"] > 1:
        print(f"index: {to}: knows all of these documents already; nothing was added")
        return
    _show_version(to, said)
    if to.rstrip("/") in [index.rstrip("/") for index in minhash.index]:
        print(
            f"warning: the recipe of {run} names {to} without a version. Run again it would be compared with itself, "
            f"and lose all its documents: write index: [{to}@{said['version'] - 1}]"
        )


@app.command("dedup-index-verify")
def dedup_index_verify(index: Annotated[str, typer.Argument(help="The folder or URL of an index.")]) -> None:
    """Read an index whole and compare every checksum; exits 1 or 2 and names what is damaged."""
    from tokenmill.pipeline.planning.resolve import work_class

    minhash: Any = work_class("stages.minhash")
    for said in minhash.verify_index(index):
        _show_version(index, said)


def _show_version(index: str, said: dict[str, Any]) -> None:
    a_document = said["bytes"] / max(1, said["documents"])
    print(
        f"index: {index}: version {said['version']}, {said['documents']:,} documents, {said['bytes']:,} bytes, "
        f"{a_document:,.0f} a document"
    )


@app.command()
def explain(run: RunFolder, id: Annotated[str, typer.Argument(help="The document's id.")]) -> None:
    """One document's whole story: every stage it passed, or where and why it was dropped."""

    from tokenmill.pipeline.report import audit as look
    from tokenmill.pipeline.report import read_run

    look.show_story(look.story(read_run(run), id), _console())


@app.command("what-if")
def what_if(
    run: RunFolder,
    settings: Annotated[list[str], typer.Argument(help="Thresholds: gopher_quality.min_words=30 and so on.")],
    sample: Annotated[int, typer.Option(min=0, help="How many documents of each move to name.")] = 3,
    plugins: Plugins = None,
    json_out: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """What other thresholds would drop and keep, from the stored signals alone."""
    from tokenmill.pipeline.report import what_if_show
    from tokenmill.pipeline.report.what_if import what_if as answer_for

    answer = answer_for(run, settings, plugins=plugins, sample=sample)
    if json_out:
        print(json.dumps(what_if_show.as_json(answer), indent=1))
    else:
        what_if_show.show(answer, _console())


@app.command("diff")
def diff_runs(
    run_a: RunFolder,
    run_b: RunFolder,
    sample: Annotated[int, typer.Option(min=0, help="How many documents of each kind to name.")] = 3,
    json_out: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Documents whose fate differs between two runs, by the rules of both."""
    from tokenmill.pipeline.report import diff

    found = diff.diff(run_a, run_b, sample=sample)
    if json_out:
        print(json.dumps(found, indent=1))
    else:
        diff.show(found, _console())


@app.command()
def steps(name: Annotated[str | None, typer.Argument(help="One unit of work, for its settings.")] = None) -> None:
    """What work there is; with a name, its settings, defaults and rules."""
    from tokenmill.pipeline.report import steps as listing

    for line in listing.describe(name) if name else listing.overview():
        print(line)


@app.command()
def mini(
    folder: Annotated[Path, typer.Argument(help="Where to write it.")],
    pages: Annotated[int, typer.Option(min=40, help="How many web pages.")] = 300,
    seed: Annotated[int, typer.Option(help="Another seed, another world.")] = 0,
) -> None:
    """Make a mini-crawl: WARC, WET, a Wikipedia dump, code, a tokenizer, and the truth about what is in them."""
    from tokenmill.mini.world import write_mini

    write_mini(folder, pages=pages, seed=seed)
    print(f"mini-crawl of {pages} pages: {folder}")


@models_app.command("list")
def list_models() -> None:
    """Which model files there are, and where each would lie."""
    from tokenmill.core.io import models

    for name, model in models.MODELS.items():
        print(f"{name}\t{model.licence}\t{models.place_of(name)}")


@models_app.command("pull")
def pull_models(names: Annotated[list[str] | None, typer.Argument(help="Which; default all.")] = None) -> None:
    """Get model files, checking their checksums."""
    from tokenmill.core.io import models

    for name in names or list(models.MODELS):
        print(models.pull(name))


@tokens_app.command("verify")
def verify_tokens(corpus: Corpus) -> None:
    """Check every shard whole: headers, sizes, checksums, indexes, ids against the vocabulary."""
    from tokenmill.core.corpus.token_shard import verify_corpus

    found = verify_corpus(corpus)
    shards = sum(map(len, found.splits.values()))
    print(f"verified: {shards} shards, {_corpus_line(found)}")


@tokens_app.command("stats")
def token_stats(corpus: Corpus) -> None:
    """Tokens, documents and bytes by split and by source."""
    from tokenmill.core.corpus.token_shard import read_corpus

    found = read_corpus(corpus)
    print(f"vocabulary {found.vocab_size:,}, BOS {found.bos_id}, manifest {found.sha256}")
    for split, shards in found.splits.items():
        infos = shards.values()
        tokens, documents = sum(info.tokens for info in infos), sum(info.documents for info in infos)
        print(f"{split}: {tokens:,} tokens, {documents:,} documents, {len(shards)} shards")
        for source in sorted({source for info in infos for source in info.tokens_by_source}):
            print(
                f"  {source or '(no source)'}: {sum(info.tokens_by_source.get(source, 0) for info in infos):,} tokens"
            )


@tokens_app.command("cat")
def cat_tokens(
    corpus: Corpus,
    split: Annotated[str, typer.Option(help="Which split.")] = "train",
    documents: Annotated[int, typer.Option(min=1, help="How many documents, from the first.")] = 1,
) -> None:
    """Show the first documents as text again, control characters made visible."""
    from itertools import islice

    from tokenizers import Tokenizer

    from tokenmill.core.corpus.token_shard import read_corpus
    from tokenmill.core.io import storage
    from tokenmill.pipeline.report import plain

    found = read_corpus(corpus)
    tokenizer = Tokenizer.from_str(storage.read_bytes(f"{found.folder}/tokenizer/tokenizer.json").decode())
    every = ((shard, number) for shard in found.shards(split) for number in range(len(shard.ends)))
    for shard, number in islice(every, documents):
        row = shard.docs().slice(number, 1).to_pylist()[0]
        print(f"{row['id']}  {plain(row['url'])}")
        print(plain(tokenizer.decode(shard.document(number).tolist(), skip_special_tokens=False)))


@train_app.command("run")
def train_run(
    config: Annotated[Path, typer.Argument(help="Training settings, a YAML file.")],
    data: Annotated[str, typer.Option(help="The corpus: its folder or manifest.json, a path or a URL.")],
    out: Annotated[str, typer.Option(help="Where checkpoints, metrics and plots go: a local folder.")],
    steps: Annotated[int | None, typer.Option(min=1, help="Train to this step instead of the settings' last.")] = None,
) -> None:
    """Train, or go on from the last checkpoint in OUT."""
    from tokenmill.core.io.storage import is_url
    from tokenmill.train.loop import run_training

    if is_url(out):
        raise RecipeError(f"--out {out}: checkpoints are written to a local folder; copy it afterwards")
    _log()
    result = run_training(config, data, Path(out), steps=steps)
    print(
        f"trained {result.parameters:,} parameters to step {result.steps} in {result.seconds:.0f} s; validation loss "
        f"{result.first_val_loss:.3f} → {result.last_val_loss:.3f} nats a token, "
        f"{result.first_val_bits_per_byte:.3f} → {result.last_val_bits_per_byte:.3f} bits a byte"
    )
    print(f"checkpoint {result.checkpoint}, metrics {result.metrics}, plot {result.plot}")


def _engine(name: str, workers: int | None, address: str | None) -> Any:
    from tokenmill.pipeline.engine.local import InProcess, LocalPool

    if workers is not None and workers < 0:
        raise RecipeError(f"--workers {workers}: expected 0 or more")
    if name == "ray":
        from tokenmill.pipeline.engine.ray import RayPool

        if address is not None and workers is not None:
            raise RecipeError("--workers is for a cluster that starts here; one at --address has the nodes it has")
        return RayPool(address, workers=workers)
    if address is not None:
        raise RecipeError(f"--address {address}: names a Ray cluster; say --engine ray too")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    count = cores if workers is None else workers
    return LocalPool(count) if count else InProcess()


def _corpus_line(corpus: Any) -> str:
    sums = {split: sum(info.tokens for info in shards.values()) for split, shards in corpus.splits.items()}
    return ", ".join(f"{tokens:,} tokens in {split}" for split, tokens in sums.items())


def _console() -> Any:
    """Standard output; wide where it is a file or a pipe, so that nothing is cut."""
    from rich.console import Console

    return Console() if sys.stdout.isatty() else Console(width=200)


def _log() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S", stream=sys.stderr)
