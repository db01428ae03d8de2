"""Commands that show what a run did with its documents."""

from typing import Annotated

import typer

from tokenmill.cli.app import AsJson, Plugins, RunFolder, console, print_json


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
) -> None:
    """Look at a sample of what was dropped."""
    from tokenmill.pipeline.report import audit, read_run

    audit.show(audit.sample(audit.dropped(read_run(run), rule), sample, seed), console())


def explain(run: RunFolder, id: Annotated[str, typer.Argument(help="The document's id.")]) -> None:
    """One document's whole story: every stage it passed, or where and why it was dropped."""
    from tokenmill.pipeline.report import audit, read_run

    audit.show_story(audit.story(read_run(run), id), console())


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
