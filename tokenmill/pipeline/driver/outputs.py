"""Completes the output of a Writer: deletes other files, writes a manifest per shard and a record of all files."""

import os
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from pathlib import PurePosixPath

from tokenmill.core.errors import DataError
from tokenmill.core.io import storage
from tokenmill.core.io.storage import is_url, join
from tokenmill.core.kinds import Finished
from tokenmill.pipeline.exchange.reduce_tasks import all_needed, shard_manifest_path
from tokenmill.pipeline.planning.plan import PlannedStage
from tokenmill.pipeline.record.manifest import Manifest, write_manifests
from tokenmill.pipeline.tasks.shard import ShardTask

_AT_ONCE = 1000  # manifests that are written together


def delete_unlisted(folder: str, made: Sequence[Manifest]) -> None:
    """Deletes files of the corpus that no manifest lists, for example those of an interrupted run with other settings.

    Users glob the corpus folder, so it may only have listed files. Files inside a linked folder are not deleted,
    because they may be somebody's data; `pipeline verify` names them.
    """
    corpus = join(folder, "corpus")
    listed = {output.path for manifest in made for output in manifest.outputs}
    unlisted = (path for path in storage.files_below(corpus) if f"corpus/{path}" not in listed)
    storage.delete_files(join(corpus, path) for path in unlisted if not _is_behind_link(corpus, path))


def _is_behind_link(folder: str, path: str) -> bool:
    parents = PurePosixPath(path).parents[:-1]  # without "."
    return not is_url(folder) and any(os.path.islink(join(folder, str(parent))) for parent in parents)


def whole_record(
    planned: PlannedStage, routed: int, made: Sequence[Manifest], finished: Finished, missing: Sequence[str]
) -> Manifest:
    """Returns the record of all files of a Writer's output.

    Raises DataError if the output lacks documents that were routed. routed: number of documents that were routed. made:
    the manifests of the Writer's cuts. missing: inputs that the stage lacks.
    """
    documents = sum(manifest.facts.get("documents", 0) for manifest in made)
    if documents != routed:
        raise DataError(f"{planned.folder}: {routed} documents were routed, but {documents} are in the corpus")
    prefix = planned.folder.rstrip("/") + "/"
    extra = [replace(storage.file_record(file), path=file.removeprefix(prefix)) for file in finished.files]
    outputs = [output for manifest in made for output in manifest.outputs] + extra
    facts = {"documents": documents} | finished.facts
    return Manifest(planned.root, outputs=outputs, facts=facts, missing=list(missing))


def write_shard_manifests(tasks: Sequence[ShardTask]) -> None:
    """Writes the manifests of the shards of a Writer's stage.

    Of the files of their map tasks, they list only the drop records.
    """
    todo = zip(tasks, all_needed(map(shard_manifest_path, tasks)), strict=True)
    while some := list(islice(todo, _AT_ONCE)):
        write_manifests({task.name.manifest_path: _of_shard(counted) for task, counted in some})


def _of_shard(counted: Manifest) -> Manifest:
    dropped = [output for output in counted.outputs if output.path.startswith("dropped/")]
    return replace(counted, outputs=dropped, facts={})
