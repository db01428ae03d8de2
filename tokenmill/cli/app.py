"""What all commands share: the Typer application, exit codes, options, output and logging.

Exit codes: 0 done (with warnings for files that were read only in part), 1 failed or an input is wholly unreadable,
2 the recipe or the command is wrong, 130 interrupted.
"""

import json
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from tokenmill.core.errors import DataError, RecipeError

if TYPE_CHECKING:
    from rich.console import Console

INTERRUPTED = 130

RecipeFile = Annotated[str, typer.Argument(help="The recipe, a YAML file.")]
Out = Annotated[str, typer.Option(help="The parent folder of runs, a path or a URL.")]
Plugins = Annotated[str | None, typer.Option(help="Package whose modules the recipe may name as work.")]
CorpusFolder = Annotated[str, typer.Argument(help="The corpus: its folder or manifest.json, a path or a URL.")]
RunFolder = Annotated[str, typer.Argument(help="The run's folder, for example runs/mini.")]
AsJson = Annotated[bool, typer.Option("--json", help="For machines.")]

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None,
                  help="Raw crawl in, training tokens out, every removal on record.")  # fmt: skip


def main() -> None:
    """Entry point of both console scripts and of `python -m tokenmill`."""
    with _exit_codes():
        code = app(standalone_mode=False)  # without standalone mode typer returns the code of a typer.Exit
        if code == INTERRUPTED:
            raise KeyboardInterrupt
        sys.exit(code or 0)


def console() -> "Console":
    """Standard output for tables; 200 columns wide if it is a file or a pipe, so that nothing is cut."""
    from rich.console import Console

    return Console() if sys.stdout.isatty() else Console(width=200)


def print_json(value: object) -> None:
    """Print a result for machines."""
    print(json.dumps(value, indent=1))


def log_to_stderr() -> None:
    """Show the library's log messages on standard error."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S", stream=sys.stderr)


@contextmanager
def _exit_codes() -> Iterator[None]:
    try:
        yield
    except RecipeError as error:
        _fail(error, 2)
    except DataError as error:
        _fail(error, 1)
    except (KeyboardInterrupt, typer.Abort):
        print(
            "\ninterrupted; what is committed stays. The same command goes on from there", file=sys.stderr, flush=True
        )
        os._exit(INTERRUPTED)  # at once: finalizers of half-started libraries may hang
    except Exception as error:
        if not hasattr(error, "format_message"):
            raise
        _fail(error.format_message(), 2)  # click's usage errors


def _fail(error: object, code: int) -> None:
    print(f"error: {error}", file=sys.stderr)
    sys.exit(code)
