"""Collects the errors of a stage's tasks. Errors of many tasks are reported once, with a count.

A step that fails in the same way in all shards stops the stage.
"""

import errno
import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from tokenmill.core.errors import DataError, RecipeError
from tokenmill.core.io import storage
from tokenmill.core.io.storage import join
from tokenmill.pipeline.record.manifest import Manifest, read_manifest
from tokenmill.pipeline.record.task import CodeError, Task
from tokenmill.pipeline.tasks.step_call import raised_of

logger = logging.getLogger(__name__)

FIRST_SHARDS = 8
"""If a step raises at the same place in each of the first FIRST_SHARDS shards, the stage stops: the step is broken."""

FEW_DOCUMENTS = 8
"""A stage of fewer shards stops if the step raised on all of its documents, and there are at least this many."""

_ROWS = "rows"
_TRACE_LINES = 18
_OWN = re.compile(r"\S*[/\d]\S*")  # words that differ from shard to shard: paths, numbers

Kind = tuple[str, ...]
"""The properties that errors with the same cause share: type, and place or message."""


@dataclass
class _Group:
    line: str
    forgiven: bool
    shards: int = 1


def raise_if_fatal(task: Task, error: BaseException) -> None:
    """Raises the error of a task if it would occur in all other tasks too: an error in the recipe, or a full disk."""
    if isinstance(error, RecipeError):
        raise error
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        raise DataError(
            f"{task.name.label}: the disk is full ({error}). Committed results stay valid; free space and run again"
        ) from error


@dataclass
class Failures:
    """The errors of one call of an engine's run().

    Attributes:
        stage: name of the stage.
        folder: folder of the stage.
    """

    stage: str
    folder: str
    _groups: dict[Kind, _Group] = field(default_factory=dict)
    _first: list[CodeError | None] = field(default_factory=list)
    _documents: int = 0
    _on_no_rows: int = 0

    def failed(self, task: Task, error: BaseException, *, forgiven: bool = False) -> None:
        """Adds a task that failed. Logs the first error of its kind. forgiven: as a warning, as gaps are accepted."""
        line = f"{task.name.label}: {str(error).partition(chr(10))[0]}"
        if isinstance(error, CodeError):
            self._first.append(error)
            self._on_no_rows += 1
            self._note(("code", *error.kind), line, forgiven, error.trace)
        else:
            self._note((type(error).__name__, _OWN.sub("", str(error))), line, forgiven)

    def done(self, task: Task, manifest: Manifest) -> None:
        """Adds a task that succeeded. Logs the first error of each kind that a step raised on some documents."""
        raised = raised_of(manifest.facts)
        for step, one in raised.items():
            some = f"{step} raised {one.error} ({one.place}) on {one.failed:,} of {one.rows:,} documents"
            self._note((_ROWS, step, *one.kind), f"{task.name.label}: {some}; they are dropped", True)
        broken = _always(manifest)
        if broken is not None:
            self._documents += manifest.rows_in
        if broken is not None or manifest.rows_in:
            self._first.append(broken)

    def broken(self, *, ended: bool) -> str:
        """Returns why the stage must stop, "" if it need not. Inputs that cannot be read never stop a stage.

        ended: all tasks have ended, so fewer than FIRST_SHARDS shards can decide.
        """
        first = self._first[:FIRST_SHARDS]
        kinds = {error.kind if error is not None else None for error in first}
        if len(kinds) != 1 or first[0] is None:
            return ""
        # a step that raises on an empty batch does so in each shard, so any number of shards is enough
        sure = self._documents >= FEW_DOCUMENTS or self._on_no_rows == len(self._first)
        few_decide = ended and sure and self._is_whole()
        if len(first) < FIRST_SHARDS and not few_decide:
            return ""
        which = f"each of the first {FIRST_SHARDS} shards" if len(first) == FIRST_SHARDS else "every shard"
        return f"stage {self.stage!r} stops: {first[0]} in {which}. Correct the step and run again"

    def withdraw(self, tasks: Iterable[Task]) -> None:
        """Deletes the results in which a broken step dropped every document, and the stage's `work/`.

        tasks: the tasks of this call. The engine must have stopped.
        """
        there = set(storage.list_files(join(self.folder, "manifest")))
        paths = [task.name.manifest_path for task in tasks if task.name.is_shard]
        for path in (path for path in paths if path.rpartition("/")[2] in there):
            manifest = read_manifest(path)
            if manifest is not None and _always(manifest) is not None:
                storage.delete(path)
        storage.delete(join(self.folder, "work"))

    def lines(self, *, forgiven: bool) -> list[str]:
        """Returns one line for each kind of error that left shards without a result. forgiven: of accepted gaps."""
        return [
            group.line + _more(group)
            for kind, group in self._groups.items()
            if kind[0] != _ROWS and group.forgiven == forgiven
        ]

    def log_counts(self) -> None:
        """Logs the number of shards for each error that was logged once and occurred in several."""
        for group in self._groups.values():
            if group.shards > 1:
                logger.warning("%s%s", group.line, _more(group))

    def _is_whole(self) -> bool:
        """Returns True if no shard of the stage was made before this call; a few remaining shards prove little."""
        return len(storage.list_files(join(self.folder, "manifest"))) <= len(self._first)

    def _note(self, kind: Kind, line: str, forgiven: bool, trace: str = "") -> None:
        if kind in self._groups:
            self._groups[kind].shards += 1
            return
        self._groups[kind] = _Group(line, forgiven)
        end = trace.strip().splitlines()[-_TRACE_LINES:]
        logger.log(logging.WARNING if forgiven else logging.ERROR, "%s", "\n".join([line, *end]))


def _always(manifest: Manifest) -> CodeError | None:
    """Returns the error of a step that raised on every document at the same place, None if there is no such step."""
    found = (CodeError(step, one.error, one.place, "") for step, one in raised_of(manifest.facts).items() if one.always)
    return next(found, None)


def _more(group: _Group) -> str:
    more = group.shards - 1
    return f"; and {more:,} more shard{'s' if more > 1 else ''} like it" if more else ""
