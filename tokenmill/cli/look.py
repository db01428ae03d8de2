"""Commands that show what a run did with its documents."""

import sys
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from tokenmill.cli.app import AsJson, Plugins, RunFolder, console, print_json

if TYPE_CHECKING:
    from tokenmill.pipeline.record.verify import Told

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
    templates: Annotated[
        bool, typer.Option("--templates", help="Show the inline templates of wikitext that are not known instead.")
    ] = False,
    json_out: AsJson = False,
) -> None:
    """Show a sample of the dropped documents."""
    from tokenmill.pipeline.report import audit, read_run

    if templates:
        _show_templates(run, rule, json_out)
        return
    found = audit.sample(read_run(run), rule, sample, seed)
    if json_out:
        print_json([asdict(one) for one in found])
    else:
        audit.show(found, console())


def _show_templates(run: str, rule: str | None, json_out: bool) -> None:
    from tokenmill.core.errors import RecipeError
    from tokenmill.pipeline.record.notes import KEPT_NAMES, as_json
    from tokenmill.pipeline.report import funnel, read_run

    if rule is not None:
        raise RecipeError("--templates: shows templates of all stages; leave out --rule")
    notes = {one.stage: one.notes for one in funnel.funnel(read_run(run))}
    if json_out:
        print_json({stage: as_json(found, KEPT_NAMES) for stage, found in notes.items()})
    elif any(notes.values()):
        funnel.show_notes(notes, KEPT_NAMES, console())
    else:
        print("no unknown templates")


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
    from tokenmill.audits.verify_run import verify_run
    from tokenmill.pipeline.record.verify import lines

    found = verify_run(run, stage=stage, kept=kept, told=_progress())
    if found.locked:
        print(found.locked, file=sys.stderr)
    if json_out:
        hidden = ("results", "folder")
        stages = [
            {"stage": one.stage} | {name: value for name, value in asdict(one).items() if name not in hidden}
            for one in found.stages
        ]
        facts = {"good": found.good, "off_record": found.off_record, "strangers": found.strangers}
        print_json({"run": run, **facts, "stages": stages})
    else:
        for line in lines(found.stages, found.strangers, off_record=found.off_record):
            print(line)
    if not found.good:
        raise typer.Exit(1)


def _progress() -> "Told":
    """Returns a function that prints progress on standard error, at most every PROGRESS_SECONDS."""
    said = time.monotonic()

    def told(stage: str, done: int, of: int) -> None:
        nonlocal said
        if time.monotonic() - said > PROGRESS_SECONDS:
            said = time.monotonic()
            print(f"{stage}: {done:,} of {of:,} files checked", file=sys.stderr, flush=True)

    return told
