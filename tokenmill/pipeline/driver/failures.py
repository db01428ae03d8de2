"""The errors of a stage's tasks. Those that many share are reported once with a count; one that all share stops it."""

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
"""So many shards in which a step raises at the same place stop the stage: the step is broken, not the documents."""

FEW_DOCUMENTS = 8
"""A stage of fewer shards stops if the step raised on all of at least so many documents."""

_ROWS = "rows"
_TRACE_LINES = 18
_OWN = re.compile(r"\S*[/\d]\S*")  # words that differ from shard to shard: paths, numbers

Kind = tuple[str, ...]
"""What errors of one cause have in common."""


@dataclass
class _Group:
    line: str
    forgiven: bool
    shards: int = 1


def raise_if_fatal(task: Task, error: BaseException) -> None:
    """Raises an error that all other tasks would meet too: one in the recipe, a full disk."""
    if isinstance(error, RecipeError):
        raise error
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        raise DataError(
            f"{task.name.label}: the disk is full ({error}). What is committed stays valid; make room, run again"
        ) from error


@dataclass
class Failures:
    """What one call of an engine's run() met.

    Attributes:
        stage: its name.
        folder: of the stage.
    """

    stage: str
    folder: str
    _groups: dict[Kind, _Group] = field(default_factory=dict)
    _first: list[CodeError | None] = field(default_factory=list)
    _documents: int = 0
    _on_no_rows: int = 0

    def failed(self, task: Task, error: BaseException, *, forgiven: bool = False) -> None:
        """A task without a result. The first error of its kind is logged. forgiven: such a gap is accepted."""
        line = f"{task.name.label}: {str(error).partition(chr(10))[0]}"
        if isinstance(error, CodeError):
            self._first.append(error)
            self._on_no_rows += 1
            self._note(("code", *error.kind), line, forgiven, error.trace)
        else:
            self._note((type(error).__name__, _OWN.sub("", str(error))), line, forgiven)

    def done(self, task: Task, manifest: Manifest) -> None:
        """A task with a result. The first error of its kind that a step raised on some documents is logged."""
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
        """Why the stage must stop; "" if it need not. ended: no more tasks come, so fewer shards decide.

        Inputs that cannot be read never stop a stage.
        """
        first = self._first[:FIRST_SHARDS]
        kinds = {error.kind if error is not None else None for error in first}
        if len(kinds) != 1 or first[0] is None:
            return ""
        # a step that raises before any document comes does so in each shard, however few there are
        sure = self._documents >= FEW_DOCUMENTS or self._on_no_rows == len(self._first)
        few_decide = ended and sure and self._is_whole()
        if len(first) < FIRST_SHARDS and not few_decide:
            return ""
        which = f"each of the first {FIRST_SHARDS} shards" if len(first) == FIRST_SHARDS else "every shard"
        return f"stage {self.stage!r} stops: {first[0]} in {which}. Correct the step and run again"

    def withdraw(self, tasks: Iterable[Task]) -> None:
        """Deletes the results of a broken step, in which every document was dropped for its error.

        tasks: those of this call. The engine must have stopped.
        """
        there = set(storage.list_files(join(self.folder, "manifest")))
        paths = [task.name.manifest_path for task in tasks if task.name.is_shard]
        for path in (path for path in paths if path.rpartition("/")[2] in there):
            manifest = read_manifest(path)
            if manifest is not None and _always(manifest) is not None:
                storage.delete(path)
        storage.delete(join(self.folder, "work"))

    def lines(self, *, forgiven: bool) -> list[str]:
        """A line for each kind of error that left shards without a result."""
        return [
            group.line + _more(group)
            for kind, group in self._groups.items()
            if kind[0] != _ROWS and group.forgiven == forgiven
        ]

    def log_counts(self) -> None:
        """Logs how many shards had the errors that were logged once."""
        for group in self._groups.values():
            if group.shards > 1:
                logger.warning("%s%s", group.line, _more(group))

    def _is_whole(self) -> bool:
        """Whether no shard of the stage was made before this call: a few that are left over prove little."""
        return len(storage.list_files(join(self.folder, "manifest"))) <= len(self._first)

    def _note(self, kind: Kind, line: str, forgiven: bool, trace: str = "") -> None:
        if kind in self._groups:
            self._groups[kind].shards += 1
            return
        self._groups[kind] = _Group(line, forgiven)
        end = trace.strip().splitlines()[-_TRACE_LINES:]
        logger.log(logging.WARNING if forgiven else logging.ERROR, "%s", "\n".join([line, *end]))


def _always(manifest: Manifest) -> CodeError | None:
    """The error of a step that raised on each document that it was given, at the same place."""
    found = (CodeError(step, one.error, one.place, "") for step, one in raised_of(manifest.facts).items() if one.always)
    return next(found, None)


def _more(group: _Group) -> str:
    more = group.shards - 1
    return f"; and {more:,} more shard{'s' if more > 1 else ''} like it" if more else ""
