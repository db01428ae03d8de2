"""Commands that show what a run did with its documents."""

import sys
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from tokenmill.cli.app import AsJson, Plugins, RunFolder, console, print_json

if TYPE_CHECKING:
    from tokenmill.pipeline.record.verify import Checked, Told

PROGRESS_SECONDS = 2.0


def report(run: RunFolder, json_out: AsJson = False) -> None:
    """Show the funnel: documents in, out and dropped by rule, per stage. Exits 1 if it does not balance, or if a
    stage is incomplete."""
    from tokenmill.pipeline.report import funnel, read_run

    funnels = funnel.funnel(read_run(run))
    if json_out:
        print_json(funnel.as_json(funnels))
    else:
        funnel.show(funnels, console())
    if not all(one.good for one in funnels):
        raise typer.Exit(1)


def audit(
    run: RunFolder,
    rule: Annotated[str | None, typer.Option(help="Only this rule, or all rules of this step.")] = None,
    sample: Annotated[int, typer.Option(min=1, help="Number of documents.")] = 10,
    seed: Annotated[int, typer.Option(help="Seed of the sample.")] = 0,
    json_out: AsJson = False,
) -> None:
    """Show a sample of the dropped documents."""
    from tokenmill.pipeline.report import audit, read_run

    found = audit.sample(read_run(run), rule, sample, seed)
    if json_out:
        print_json([asdict(one) for one in found])
    else:
        audit.show(found, console())


def explain(
    run: RunFolder, id: Annotated[str, typer.Argument(help="The id or URL of a document.")], json_out: AsJson = False
) -> None:
    """Show what each stage did with one document, and why it was dropped."""
    from tokenmill.pipeline.report import explain, read_run

    chapters = explain.story(read_run(run), id)
    if json_out:
        print_json([asdict(chapter) for chapter in chapters])
    else:
        explain.show_story(chapters, console())


def what_if(
    run: RunFolder,
    settings: Annotated[list[str], typer.Argument(help="Thresholds, for example gopher_quality.min_words=30.")],
    sample: Annotated[int, typer.Option(min=0, help="Number of examples for each change.")] = 3,
    plugins: Plugins = None,
    json_out: AsJson = False,
) -> None:
    """Show what other thresholds would drop and keep. Uses the stored signals; runs nothing."""
    from tokenmill.pipeline.report import what_if, what_if_show

    answer = what_if.what_if(run, settings, plugins=plugins, sample=sample)
    if json_out:
        print_json(what_if_show.as_json(answer))
    else:
        what_if_show.show(answer, console())


def diff(
    run_a: RunFolder,
    run_b: RunFolder,
    sample: Annotated[int, typer.Option(min=0, help="Number of examples for each difference.")] = 3,
    json_out: AsJson = False,
) -> None:
    """Compare two runs: documents that one kept and the other dropped, by the rules of both."""
    from tokenmill.pipeline.report import diff

    found = diff.diff(run_a, run_b, sample=sample)
    if json_out:
        print_json(diff.as_json(found))
    else:
        diff.show(found, console())


def verify(
    run: RunFolder,
    stage: Annotated[str | None, typer.Option(help="Check this stage alone.")] = None,
    kept: Annotated[bool, typer.Option(help="Also check results that were set aside.")] = True,
    json_out: AsJson = False,
) -> None:
    """Read every file of a run and compare its checksum. Exits 1 if a file is damaged or does not belong to the run.

    The next run makes damaged results again. Damaged results in kept/ are deleted, so that they cannot return.
    """
    from tokenmill.core.errors import RecipeError, did_you_mean
    from tokenmill.pipeline.record.verify import lines, strangers, verify_stage
    from tokenmill.pipeline.report import read_run

    folders = {one.name: one.folder for one in read_run(run)}
    if stage is not None and stage not in folders:
        raise RecipeError(f"{run}: no stage {stage!r}{did_you_mean(stage, folders)}")
    chosen = {name: folder for name, folder in folders.items() if stage in (None, name)}
    checked = [verify_stage(folder, kept=kept, told=_progress()) for folder in chosen.values()]
    for one, folder in zip(checked, chosen.values(), strict=True):
        _verify_corpus(folder, one)
    strange = strangers(run, folders) if stage is None else []
    off_record = _take_off_record(run, dict(zip(chosen.values(), checked, strict=True)))
    good = all(one.good for one in checked) and not strange
    if json_out:
        hidden = ("results", "folder")
        stages = [
            {"stage": one.stage} | {name: value for name, value in asdict(one).items() if name not in hidden}
            for one in checked
        ]
        print_json({"run": run, "good": good, "off_record": off_record, "strangers": strange, "stages": stages})
    else:
        for line in lines(checked, strange, off_record=off_record):
            print(line)
    if not good:
        raise typer.Exit(1)


def _verify_corpus(folder: str, checked: "Checked") -> None:
    """Compares the files of a corpus with each other and with its manifest. Their checksums were compared before."""
    from tokenmill.core.corpus.verify import verify_corpus
    from tokenmill.core.errors import DataError
    from tokenmill.core.io import storage
    from tokenmill.core.io.storage import is_url, join

    corpus = join(folder, "corpus")
    if is_url(folder) or not checked.good or not storage.exists(join(corpus, "manifest.json")):
        return
    try:
        verify_corpus(corpus, verify="sampled")
    except DataError as error:
        checked.damaged[corpus] = str(error)
        checked.results[corpus] = join(folder, "manifest", "corpus.json")


def _take_off_record(run: str, checked: "dict[str, Checked]") -> bool:
    """Deletes the manifests of damaged results. Returns False if there are none, or if a driver works on the run."""
    from tokenmill.core.errors import RecipeError
    from tokenmill.pipeline.record.lock import locked
    from tokenmill.pipeline.record.verify import take_off_record

    damaged = {folder: one for folder, one in checked.items() if one.results or one.unreadable}
    if not damaged:
        return False
    try:
        with locked(run):
            for folder, one in damaged.items():
                take_off_record(folder, one)
    except RecipeError as error:
        print(error, file=sys.stderr)
        return False
    return True


def _progress() -> "Told":
    """Returns a function that prints progress on standard error, at most every PROGRESS_SECONDS."""
    said = time.monotonic()

    def told(stage: str, done: int, of: int) -> None:
        nonlocal said
        if time.monotonic() - said > PROGRESS_SECONDS:
            said = time.monotonic()
            print(f"{stage}: {done:,} of {of:,} files checked", file=sys.stderr, flush=True)

    return told
