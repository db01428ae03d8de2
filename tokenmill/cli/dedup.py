"""Commands that measure and preview deduplication, and that index what it kept: `pipeline dedup ...`."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from tokenmill.cli.app import AsJson, Out, Plugins, RecipeFile, RunFolder, console, print_json
from tokenmill.cli.sections import Sentences

if TYPE_CHECKING:
    from tokenmill.audits.dedup_index import IndexVersion

dedup_app = typer.Typer(
    no_args_is_help=True, cls=Sentences, help="Preview and measure deduplication; index earlier snapshots."
)

MinhashStage = Annotated[str | None, typer.Option(help="The MinHash stage, if there are several.")]


@dedup_app.command("audit")
def audit(
    run: RunFolder,
    anchors: Annotated[int, typer.Option(min=1, help="Number of documents to compare with all others.")] = 1000,
    stage: MinhashStage = None,
    seed: Annotated[int, typer.Option(help="Seed of the sample.")] = 0,
    plugins: Plugins = None,
    json_out: AsJson = False,
) -> None:
    """Measure the share of near-duplicates that MinHash found, by true similarity, and compare it with the theory."""
    from tokenmill.audits import dedup_audit

    found = dedup_audit.dedup_audit(run, anchors=anchors, stage=stage, seed=seed, plugins=plugins)
    if json_out:
        print_json(dedup_audit.as_json(found))
    else:
        dedup_audit.show(found, console())


@dedup_app.command("preview")
def preview(
    recipe: RecipeFile,
    stage: Annotated[str, typer.Option(help="The stage that removes duplicates. The stages before it must have run.")],
    sample: Annotated[int, typer.Option(min=0, help="Number of duplicates to show per cluster.")] = 3,
    workers: Annotated[int, typer.Option(min=0, help="Worker processes; 0 runs in this process.")] = 0,
    out: Out = "runs",
    mark_only: Annotated[bool, typer.Option("--mark-only", help="Preview a run with --mark-only.")] = False,
    plugins: Plugins = None,
    json_out: AsJson = False,
) -> None:
    """Show the twenty largest clusters of duplicates, with samples. A dry run: writes no results of the stage."""
    from tokenmill.pipeline.driver import preview as previews
    from tokenmill.pipeline.driver.options import Options
    from tokenmill.pipeline.driver.progress import progress_for
    from tokenmill.pipeline.driver.run import preview as preview_stage
    from tokenmill.pipeline.engine.local import InProcess, LocalPool
    from tokenmill.pipeline.planning.recipe import load_recipe

    pool = LocalPool(workers) if workers else InProcess()
    options = Options(out, stage, mark_only, None, False, plugins)
    try:
        found = preview_stage(load_recipe(recipe), pool, options, progress_for("none"), stage=stage, sample=sample)
    finally:
        pool.close()
    if json_out:
        print_json(previews.as_json(found))
    else:
        previews.show(found, console())


@dedup_app.command("index")
def index(
    run: RunFolder,
    to: Annotated[
        str, typer.Option("--out", help="The folder to write. Name it in `index` of stages.minhash of another recipe.")
    ],
    stage: MinhashStage = None,
    plugins: Plugins = None,
    json_out: AsJson = False,
) -> None:
    """Index the documents that a MinHash stage kept, so that later runs remove near-duplicates of them."""
    from tokenmill.audits.dedup_index import add_to_index

    added = add_to_index(run, to, stage=stage, plugins=plugins)
    if json_out:
        print_json({"index": to} | asdict(added))
        return
    if added.version is None:
        print(f"index: {to}: contains all of these documents already; nothing was added")
        return
    _show_version(to, added.version)
    if added.warning:
        print(f"warning: {added.warning}")


@dedup_app.command("verify")
def verify(
    index: Annotated[str, typer.Argument(help="The folder or URL of an index.")], json_out: AsJson = False
) -> None:
    """Read a whole index and compare every checksum. Exits 1 if a file is damaged, and names it."""
    from tokenmill.audits.dedup_index import removable, verified_versions

    versions = verified_versions(index)
    left = removable(index)
    if json_out:
        print_json({"index": index, "versions": [asdict(version) for version in versions], "removable": left})
        return
    for version in versions:
        _show_version(index, version)
    if left:
        print(f"index: {index}: {len(left):,} folders and files belong to no version:")
        for path in left:
            print(f"  {path}")
        print("They are from writers that were killed or came too late. Delete them when no `dedup index` runs")


def _show_version(index: str, version: "IndexVersion") -> None:
    mean = version.bytes / max(1, version.documents)
    print(
        f"index: {index}: version {version.number}, {version.documents:,} documents, {version.bytes:,} bytes, "
        f"{mean:,.0f} per document"
    )
