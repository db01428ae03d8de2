"""Shared by all commands: the Typer application, exit codes, common options, output and logging.

Exit codes: 0 if the command did what was asked (perhaps with warnings), 1 if something failed or an input could not be
read at all, 2 if the recipe or the command is wrong, 130 if the command was interrupted. Each error is one short
message (endings.py).
"""

import atexit
import io
import json
import logging
import math
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from tokenmill.cli.endings import FAILED, ending_of, fitting
from tokenmill.cli.hidden_modules import refuse_hidden_modules
from tokenmill.cli.sections import Sections
from tokenmill.core.errors import RecipeError

if TYPE_CHECKING:
    from rich.console import Console

INTERRUPTED = 130

RecipeFile = Annotated[str, typer.Argument(help="The recipe, a YAML file.")]
Out = Annotated[str, typer.Option(help="The parent folder of runs, a path or a URL.")]
Plugins = Annotated[
    str | None, typer.Option(help="Units of your own: a package, a folder (./mylab) or a file (mine.py).")
]
CorpusFolder = Annotated[str, typer.Argument(help="The corpus: its folder or manifest.json, a path or a URL.")]
RunFolder = Annotated[str, typer.Argument(help="The run's folder, for example runs/mini.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
AsJsonLines = Annotated[bool, typer.Option("--json", help="Print one JSON object per line.")]


class Interrupted(Exception):
    """A command was interrupted and has its own message about how to continue."""


HELP = {"help_option_names": ["-h", "--help"]}
"""Context settings of every command and group."""

app = typer.Typer(
    no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None, cls=Sections, context_settings=HELP,
    epilog="One command's options: pipeline COMMAND -h. docs/ has a page per topic.",
)  # fmt: skip


def _version(wanted: bool) -> None:
    if wanted:
        from tokenmill.core.version import __version__

        print(f"tokenmill {__version__}")
        raise typer.Exit()


Version = Annotated[
    bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
]


@app.callback()
def program(version: Version = False) -> None:
    """Raw crawl in, training tokens out, and a record of every removal."""


def main() -> None:
    """Runs the command of the program that sys.argv names. Raises SystemExit with the exit code."""
    _open_closed_streams()
    with _exit_codes():
        refuse_hidden_modules()
        _refuse_empty(sys.argv[1:])
        code = app(standalone_mode=False)  # without standalone mode typer returns the code of a typer.Exit
        if code == INTERRUPTED:  # typer's own way to end after Ctrl-C
            raise KeyboardInterrupt
        sys.stdout.flush()
        sys.exit(code or 0)


def program_of_scripts() -> NoReturn:
    """Entry point of the console scripts and of `python -m tokenmill`: calls main() and ends the process at once.

    os._exit is needed because threads of C++ libraries that still run at a normal exit sometimes abort the process,
    with exit code 134.
    """
    code: object = 1
    try:
        main()
    except SystemExit as ended:
        code = ended.code
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else int(bool(code)))


def _open_closed_streams() -> None:
    """Replaces streams that were closed before the program started (`>&-`), which Python represents by None."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 (until the process ends)


def _refuse_empty(arguments: list[str]) -> None:
    """Raises RecipeError for an empty argument, which a shell variable without a value leaves."""
    for place, argument in enumerate(arguments):
        if argument == "" or (argument.startswith("--") and argument.endswith("=")):
            name = argument or f"argument {place + 1}"
            raise RecipeError(f"{name}: empty; give a value, or leave it out. Is a shell variable without a value?")


def console() -> "Console":
    """Returns a console on standard output, on which commands print tables.

    It is 200 columns wide if that is a file or a pipe, so that nothing is cut.
    """
    from rich.console import Console

    return Console() if sys.stdout.isatty() else Console(width=200)


def print_json(value: object, *, in_one_line: bool = False) -> None:
    """Prints the result of a command as JSON.

    Numbers that are not finite become null; other values that JSON lacks become text.
    """
    print(json.dumps(_finite(value), indent=None if in_one_line else 1, default=str, allow_nan=False))


def _finite(value: object) -> object:
    if isinstance(value, dict):
        return {name: _finite(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def log_to_stderr() -> None:
    """Shows the log messages of the library on standard error, while a command runs."""
    from tokenmill.core.io.http import hide_addresses_in_logs

    hide_addresses_in_logs()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S", stream=sys.stderr)


@contextmanager
def _exit_codes() -> Iterator[None]:
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal without UTF-8 must not stop a command
    try:
        yield
    except Interrupted as error:
        _leave(str(error))
    except (KeyboardInterrupt, typer.Abort):
        _leave("interrupted; what is committed stays. The same command continues from there")
    except BrokenPipeError as error:
        if _stdout_is_open():
            _fail(error)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader, such as `head`, has ended
        sys.exit(FAILED)
    except Exception as error:
        _fail(error)


def _leave(message: str) -> None:
    print(f"\n{message}", file=sys.stderr, flush=True)
    sys.stdout.flush()
    os._exit(INTERRUPTED)  # without finalizers, because those of half-started libraries may hang


def _stdout_is_open() -> bool:
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        return False
    return True


def _fail(error: Exception) -> NoReturn:
    message, code = ending_of(error)
    is_help = type(error).__name__ == "NoArgsIsHelpError"  # typer has a copy of click, so there are two such classes
    print(message if is_help else f"error: {fitting(message)}", file=sys.stderr)
    sys.exit(code)
