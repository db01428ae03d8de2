"""Commands about what comes with the program: units of work, model files, text kernels, the mini-crawl."""

import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from tokenmill.cli.app import AsJson, Plugins, log_to_stderr, print_json
from tokenmill.cli.sections import Sentences

models_app = typer.Typer(no_args_is_help=True, cls=Sentences, help="Model files: what there is, and getting them.")
kernels_app = typer.Typer(
    no_args_is_help=True, cls=Sentences, help="Text kernels: compiling them before the first run."
)


def steps(
    name: Annotated[str | None, typer.Argument(help="One unit of work, for its settings.")] = None,
    plugins: Plugins = None,
) -> None:
    """What work there is; with a name, its settings, defaults and rules."""
    from tokenmill.pipeline.report import steps

    for line in steps.describe(name, plugins=plugins) if name else steps.overview(plugins=plugins):
        print(line)


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
def list_models(json_out: AsJson = False) -> None:
    """Which model files there are, and where each would lie."""
    from tokenmill.core.io import models

    if json_out:
        print_json({name: asdict(model) | {"path": models.place_of(name)} for name, model in models.MODELS.items()})
        return
    for name, model in models.MODELS.items():
        print(f"{name}\t{model.licence}\t{models.place_of(name)}")


@models_app.command("pull")
def pull_models(names: Annotated[list[str] | None, typer.Argument(help="Which; default all.")] = None) -> None:
    """Get model files, checking their checksums."""
    from tokenmill.core.io import models

    for name in names or list(models.MODELS):
        print(models.pull(name))


@kernels_app.command("build")
def build_kernels(
    recipe: Annotated[str | None, typer.Option(help="Only the kernels of this recipe. Default: all.")] = None,
    plugins: Plugins = None,
) -> None:
    """Compile text kernels into the cache folder, for example for a container image. A run compiles what it lacks."""
    from tokenmill.pipeline.engine import warm
    from tokenmill.pipeline.planning.recipe import load_recipe
    from tokenmill.pipeline.planning.resolve import classes_of

    log_to_stderr()
    modules = warm.all_kernel_modules()
    if recipe is not None:  # its data and tokenizer need not be here: an image is built without them
        modules = warm.kernels_of(found.__module__ for found in classes_of(load_recipe(recipe), plugins=plugins))
    began = time.monotonic()
    compiled = warm.make_kernels_ready(modules)
    print(f"compiled {compiled} text kernels of {len(modules)} modules in {time.monotonic() - began:.1f} s")
