"""Tells one document's story: what each stage of a run did with it.

Only the shards that can have the document are read. They follow from facts that are known without reading rows: the
files that the shards of a Source name, and the numbers of shards, which stay the same from stage to stage.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import pyarrow.compute as pc
from rich.console import Console

from tokenmill.core.errors import RecipeError
from tokenmill.pipeline.report import RanStage, plain


@dataclass(frozen=True)
class Chapter:
    """One stage's part of a document's story.

    Attributes:
        shard: the shard's number, with six digits.
        row: the document's columns if it was kept, else its drop record.
    """

    stage: str
    shard: str
    kept: bool
    row: dict[str, object]


@dataclass(frozen=True)
class _Place:
    """The place of the document in a stage.

    Attributes:
        shard: its number.
        kept: the document is in the stage's data, so the stages after it may have it too.
        file: the input file that the document comes from; "" if the stage does not record it.
    """

    shard: int
    kept: bool
    file: str = ""


def story(stages: list[RanStage], id_or_url: str) -> Iterator[Chapter]:
    """Returns the story of a document of a run, by its id or its URL: what each stage did with it, in order.

    If several documents have the URL, their chapters follow one another. Raises RecipeError if no stage has one.
    """
    is_text = _is_text(id_or_url)
    chapters = list(_story_of_id(stages, id_or_url)) if is_text else []
    if chapters:
        return iter(chapters)
    ids = _ids_of(stages, id_or_url) if is_text else []
    if not ids:
        raise RecipeError(
            f"no stage of this run has a document {id_or_url!r}; give an id or a URL as in data/ and dropped/, which "
            "are case-sensitive"
        )
    return (chapter for id in ids for chapter in _story_of_id(stages, id))


def _is_text(given: object) -> bool:
    """Returns whether it can be an id or a URL: an argument of a shell that is not UTF-8 has surrogates."""
    return isinstance(given, str) and given == given.encode(errors="replace").decode()


def _ids_of(stages: list[RanStage], url: str) -> list[str]:
    """Returns the ids of documents that the Sources gave or dropped with this URL, or with an id that is this URL in
    angle brackets.

    If the data of a stage was deleted after use, the stages that read it are searched too.
    """
    wanted = f"<{url.strip('<>')}>"
    found: dict[str, None] = {}
    gone = {stage.name for stage in stages if stage.released}
    for stage in (stage for stage in stages if gone.issuperset(stage.inputs)):
        for file in (*stage.files("data"), *stage.files("dropped")):
            columns = [name for name in ("id", "url") if name in stage.columns(file).names]
            for batch in stage.batches(file, columns):
                fits = pc.equal(batch.column("id"), wanted)
                if "url" in columns:
                    fits = pc.or_(fits, pc.fill_null(pc.equal(batch.column("url"), url), False))
                found |= dict.fromkeys(batch.column("id").filter(fits).to_pylist())
    return list(found)


def _story_of_id(stages: list[RanStage], id: str) -> Iterator[Chapter]:
    """Yields the chapters of a document; nothing if no stage has it.

    In each stage the first shard that has the document counts, because ids are unique.
    """
    by_name = {stage.name: stage for stage in stages}
    read = {stage.name: _input_files(stage) for stage in stages if not stage.inputs}
    named = any(_has(by_name[name], shard, id) for name, files in read.items() for shard in _likely(files, id, set()))
    places: dict[str, _Place] = {}
    for stage in stages:
        if stage.inputs:
            shards = _of_inputs(stage, by_name, places)
        else:
            shards = _of_source(read[stage.name], id, places, named=named)
        for shard in shards:
            chapters = list(_chapters(stage, shard, id))
            if chapters:
                kept = any(chapter.kept for chapter in chapters)
                places[stage.name] = _Place(shard, kept, _file_of(chapters[0].row))
                yield from chapters
                break


def _input_files(stage: RanStage) -> dict[int, list[str]]:
    """Returns {shard number: files that it reads} for a stage."""
    return {number: [str(one["file"]) for one in manifest.inputs] for number, manifest in stage.manifests.items()}


def _of_source(read: Mapping[int, list[str]], id: str, places: Mapping[str, _Place], *, named: bool) -> Iterator[int]:
    """Yields the shards of a stage with a Source that may have the document, the likely ones first.

    read: the result of _input_files(). named: the document is in a shard that reads a file named in its id. Then, or if
    another Source has the document, only likely shards are yielded, because two Sources have the same document only if
    they read the same file.
    """
    likely = _likely(read, id, {place.file for place in places.values()} - {""})
    yield from likely
    if not named and not places:
        yield from sorted(read.keys() - set(likely))


def _likely(read: Mapping[int, list[str]], id: str, files: set[str]) -> list[int]:
    """Returns the shards that read one of the files, or a file whose base name is part of the id."""

    def fits(path: str) -> bool:
        return path.endswith(tuple(files)) or path.rpartition("/")[2] in id

    return [number for number, paths in read.items() if any(map(fits, paths))]


def _has(stage: RanStage, shard: int, id: str) -> bool:
    return next(_chapters(stage, shard, id), None) is not None


def _of_inputs(stage: RanStage, stages: Mapping[str, RanStage], places: dict[str, _Place]) -> Iterator[int]:
    """Yields the shards of a stage with input stages that may have the document, the likely ones first.

    If the stage has no data (deleted after use, or written in another form), `places` gets an entry for it as if it had
    kept the document. The caller replaces the entry if the stage is found to have dropped the document.
    """
    expected = [number for number in _expected(stage, stages, places) if number in stage.manifests]
    with_data = [number for number in expected if stage.file("data", number)]
    if expected and not with_data:
        places[stage.name] = _Place(expected[0], kept=True)
    yield from expected
    rest = sorted(stage.manifests.keys() - set(expected))
    if with_data or any(name not in places and stages[name].released for name in stage.inputs):
        yield from rest  # the numbers changed since this stage was made, or are not known
    elif not places:
        yield from (number for number in rest if stage.manifests[number].repeated)  # the stage made copies with new ids


def _expected(stage: RanStage, stages: Mapping[str, RanStage], places: Mapping[str, _Place]) -> Iterator[int]:
    """Yields the numbers that the inputs' shards with the document should have in this stage, whose shards are numbered
    in the order of its inputs.
    """
    before = 0
    for name in stage.inputs:
        if name in places and places[name].kept:
            yield before + places[name].shard
        record = stages[name].record
        before += record.shards if record is not None else len(stages[name].manifests)


def _chapters(stage: RanStage, shard: int, id: str) -> Iterator[Chapter]:
    for kind in ("data", "dropped"):
        file = stage.file(kind, shard)
        for row in _rows_of(stage, file, id) if file else ():
            yield Chapter(stage.name, f"{shard:06d}", kind == "data", row)


def _rows_of(stage: RanStage, file: str, id: str) -> Iterator[dict[str, object]]:
    """Yields the rows of a document in a file. If the file does not have the document, only the ids are read."""
    groups = [pc.any(pc.equal(batch.column("id"), id)).as_py() for batch in stage.batches(file, ["id"])]
    for batch in stage.batches(file) if any(groups) else ():
        yield from batch.filter(pc.equal(batch.column("id"), id)).to_pylist()


def _file_of(row: Mapping[str, object]) -> str:
    locator = row.get("locator")
    return str(locator["file"]) if isinstance(locator, dict) else ""


def show_story(chapters: Iterable[Chapter], console: Console, *, text_characters: int = 300) -> None:
    """Prints a document's way through the run, with the first `text_characters` of its text."""
    before = None
    for chapter in chapters:
        if before not in (None, chapter.row["id"]):
            console.print()  # a URL with several documents
        before = chapter.row["id"]
        verdict = "kept" if chapter.kept else f"dropped by {chapter.row['drop_rule']}"
        console.print(f"[bold]{chapter.stage}[/] shard {chapter.shard}: {verdict}", highlight=False)
        for name, value in chapter.row.items():
            if value is None:
                continue
            shown = plain(str(value))
            if name == "text":
                shown = f"{len(str(value)):,} characters: {shown[:text_characters]}"
            console.print(f"  {name}: {shown}", markup=False, highlight=False)
