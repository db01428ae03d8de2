"""Commands about units of work, model files, text kernels and the mini-crawl."""

import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from tokenmill.cli.app import AsJson, Plugins, log_to_stderr, print_json
from tokenmill.cli.sections import Sentences
from tokenmill.core.errors import RecipeError

models_app = typer.Typer(no_args_is_help=True, cls=Sentences, help="List and download model files.")
kernels_app = typer.Typer(no_args_is_help=True, cls=Sentences, help="Compile text kernels before the first run.")


def steps(
    name: Annotated[str | None, typer.Argument(help="A unit of work, to show its settings.")] = None,
    plugins: Plugins = None,
    json_out: AsJson = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print a Markdown page about all units.")] = False,
) -> None:
    """List the units of work; with a name, show its settings, defaults and rules."""
    from tokenmill.pipeline.report import steps

    if as_markdown and (name or json_out):
        raise RecipeError("--markdown: prints a page about all units; leave out the name and --json")
    if as_markdown:
        print("\n".join(steps.page(plugins=plugins)))
        return
    if name:
        unit = steps.describe(name, plugins=plugins)
        if json_out:
            print_json(asdict(unit))
            return
        for line in steps.lines(unit):
            print(line)
        return
    listed = list(steps.overview(plugins=plugins))
    if json_out:
        print_json([asdict(one) for one in listed])
        return
    for one in listed:
        print(f"{one.name:28} {one.kind:8} {one.summary}")


def mini(
    folder: Annotated[Path, typer.Argument(help="Where to write it.")],
    pages: Annotated[int, typer.Option(min=40, help="Number of web pages.")] = 300,
    seed: Annotated[int, typer.Option(help="Seed of the content.")] = 0,
    json_out: AsJson = False,
) -> None:
    """Make a mini-crawl: WARC, WET, a Wikipedia dump, code, a tokenizer, and a record of what is in them."""
    from tokenmill.mini.world import write_mini

    write_mini(folder, pages=pages, seed=seed)
    if json_out:
        print_json({"folder": str(folder), "pages": pages, "seed": seed})
    else:
        print(f"mini-crawl of {pages} pages: {folder}")


@models_app.command("list")
def list_models(json_out: AsJson = False) -> None:
    """List the model files and their paths."""
    from tokenmill.core.io import models

    if json_out:
        print_json({name: asdict(model) | {"path": models.place_of(name)} for name, model in models.MODELS.items()})
        return
    for name, model in models.MODELS.items():
        print(f"{name}\t{model.licence}\t{models.place_of(name)}")


@models_app.command("pull")
def pull_models(
    names: Annotated[list[str] | None, typer.Argument(help="Names of model files. Default: all.")] = None,
    json_out: AsJson = False,
) -> None:
    """Download model files and compare their checksums."""
    from tokenmill.core.io import models

    paths = {name: models.pull(name) for name in names or list(models.MODELS)}
    if json_out:
        print_json(paths)
        return
    for path in paths.values():
        print(path)


@kernels_app.command("build")
def build_kernels(
    recipe: Annotated[str | None, typer.Option(help="Compile only the kernels of this recipe. Default: all.")] = None,
    plugins: Plugins = None,
    json_out: AsJson = False,
) -> None:
    """Compile text kernels into the cache folder, for example for a container image. A run compiles missing ones."""
    from tokenmill.pipeline.engine import warm
    from tokenmill.pipeline.planning.recipe import load_recipe
    from tokenmill.pipeline.planning.resolve import classes_of

    log_to_stderr()
    modules = warm.all_kernel_modules()
    if recipe is not None:  # its inputs and tokenizer are not needed, because images are built without them
        modules = warm.kernels_of(found.__module__ for found in classes_of(load_recipe(recipe), plugins=plugins))
    began = time.monotonic()
    compiled = warm.make_kernels_ready(modules)
    seconds = time.monotonic() - began
    if json_out:
        print_json({"compiled": compiled, "modules": len(modules), "seconds": round(seconds, 3)})
    else:
        print(f"compiled {compiled} text kernels of {len(modules)} modules in {seconds:.1f} s")
