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
    """Where every document went: the funnel, with drops by rule. Exits 1 if it does not balance."""
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
    rule: Annotated[str | None, typer.Option(help="A rule, or a step for all its rules.")] = None,
    sample: Annotated[int, typer.Option(min=1, help="How many documents.")] = 10,
    seed: Annotated[int, typer.Option(help="Another seed shows others.")] = 0,
    json_out: AsJson = False,
) -> None:
    """Look at a sample of what was dropped."""
    from tokenmill.pipeline.report import audit, read_run

    found = audit.sample(read_run(run), rule, sample, seed)
    if json_out:
        print_json([asdict(one) for one in found])
    else:
        audit.show(found, console())


def explain(
    run: RunFolder, id: Annotated[str, typer.Argument(help="The document's id or URL.")], json_out: AsJson = False
) -> None:
    """One document's whole story: every stage it passed, or where and why it was dropped."""
    from tokenmill.pipeline.report import explain, read_run

    chapters = explain.story(read_run(run), id)
    if json_out:
        print_json([asdict(chapter) for chapter in chapters])
    else:
        explain.show_story(chapters, console())


def what_if(
    run: RunFolder,
    settings: Annotated[list[str], typer.Argument(help="Thresholds: gopher_quality.min_words=30 and so on.")],
    sample: Annotated[int, typer.Option(min=0, help="How many documents of each move to name.")] = 3,
    plugins: Plugins = None,
    json_out: AsJson = False,
) -> None:
    """What other thresholds would drop and keep, from the stored signals alone."""
    from tokenmill.pipeline.report import what_if, what_if_show

    answer = what_if.what_if(run, settings, plugins=plugins, sample=sample)
    if json_out:
        print_json(what_if_show.as_json(answer))
    else:
        what_if_show.show(answer, console())


def diff(
    run_a: RunFolder,
    run_b: RunFolder,
    sample: Annotated[int, typer.Option(min=0, help="How many documents of each kind to name.")] = 3,
    json_out: AsJson = False,
) -> None:
    """Documents whose fate differs between two runs, by the rules of both."""
    from tokenmill.pipeline.report import diff

    found = diff.diff(run_a, run_b, sample=sample)
    if json_out:
        print_json(diff.as_json(found))
    else:
        diff.show(found, console())


def verify(
    run: RunFolder,
    stage: Annotated[str | None, typer.Option(help="Check this stage alone.")] = None,
    kept: Annotated[bool, typer.Option(help="Check results that were set aside, too.")] = True,
    json_out: AsJson = False,
) -> None:
    """Read every file of a run and compare its checksum; exits 1 and names what is damaged or does not belong.

    Damaged results are taken off the record, so that the next run makes them again; those set aside in kept/ are
    deleted, so that they cannot return.
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
    """The bytes of a corpus are compared already; this holds its files against each other and its manifest."""
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
    """Whether that could be done: no driver is at work on the run."""
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
    """Tells people on standard error, now and then, how far the work is."""
    said = time.monotonic()

    def told(stage: str, done: int, of: int) -> None:
        nonlocal said
        if time.monotonic() - said > PROGRESS_SECONDS:
            said = time.monotonic()
            print(f"{stage}: {done:,} of {of:,} files checked", file=sys.stderr, flush=True)

    return told
