"""Runs a filter or formatter of datatrove as a step, with exactly the same decisions, one document at a time (slow).

The block gets a document with its text, id and metadata. The metadata are the contents of `meta`, and url, date (ISO
8601), language and language_score if they are known and not in `meta`. The step keeps the text and changed metadata,
which it writes to `meta`. A dropped document gets the rule `datatrove_block.<reason>`. If the block gives no reason,
the rule has the name of the class in snake_case. Blocks that read, write, tokenize or compare documents are rejected
with an error that names a replacement.
"""

import copy
import functools
import importlib
import inspect
import json
import re
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
import pyarrow as pa

from tokenmill.core.chance import keyed_hash
from tokenmill.core.columns import drop, set_column
from tokenmill.core.errors import RecipeError, did_you_mean

_INSTEAD = {
    "readers": "stages.read_warc or stages.read_table reads",
    "writers": "stages.write_jsonl writes",
    "dedup": "stages.exact_dedup and stages.minhash compare documents",
    "tokens": "tokenize.encode and tokenize.write_shards tokenize",
    "extractors": "stages.extract_html extracts",
    "decont": "it needs files that another block writes",
}
_TOKENIZERS = (
    "nltk", "spacy", "stanza", "pyvi", "jieba", "pythainlp", "indic-nlp-library", "kiwipiepy", "khmer-nltk", "laonlp",
    "botok", "pyidaungsu-numpy2", "sudachipy",
)  # fmt: skip
"""The packages with which datatrove splits words and sentences of different languages. It loads them on use."""

_REFUSED = {"exclusion_writer": "drops are recorded in dropped/", "batch_size": "documents are processed one at a time"}


@dataclass(frozen=True)
class DatatroveBlock:
    """Runs a filter or formatter of datatrove on each document.

    Each document is judged as if it were the first one that the block gets, so that the result does not depend on
    earlier documents. A formatter that uses replacements in turn starts with the first one for each document, and a
    block's random number generator is seeded by `seed` and the document's id.

    Attributes:
        block: full name of the class, for example datatrove.pipeline.filters.GopherQualityFilter. Required.
        settings: arguments of the class, by name. exclusion_writer and batch_size are not allowed. Default none.
        seed: seed of the block's random numbers. Default: the recipe's seed.
    """

    block: str
    settings: dict[str, Any] = field(default_factory=dict)
    seed: int = 0

    reads: ClassVar[tuple[str, ...]] = ("text",)
    adds: ClassVar[tuple[str, ...]] = ("text", "meta")

    @classmethod
    def example(cls) -> Self:
        return cls("datatrove.pipeline.filters.GopherQualityFilter", {"min_doc_words": 40})

    def __post_init__(self) -> None:
        known = inspect.signature(block_class(self.block)).parameters
        for setting in self.settings:
            if setting in _REFUSED:
                raise RecipeError(f"settings: {setting} cannot be set in a recipe: {_REFUSED[setting]}")
            if setting not in known:
                raise RecipeError(f"settings: {self.block} takes no {setting!r}{did_you_mean(setting, known)}")
        for name, parameter in known.items():
            needed = parameter.default is parameter.empty and parameter.kind is parameter.POSITIONAL_OR_KEYWORD
            if needed and name not in self.settings:
                raise RecipeError(f"settings: {self.block} needs {name!r}")

    def packages(self) -> tuple[str, ...]:
        """Returns the distributions whose versions may change the results, for the fingerprint."""
        required = [need[1] if isinstance(need, tuple) else need for need in _requirements(block_class(self.block))]
        return ("datatrove", "regex", "orjson", *_TOKENIZERS, *required)

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Runs the block on each text that is not null. Returns the batch with texts, `meta` and drop marks."""
        block = built(self.block, json.dumps(self.settings, sort_keys=True))
        seeds = keyed_hash(self.seed, f"datatrove_block.{self.block}", batch.column("id").to_pylist())
        texts, metas, reasons = (list[str | None](), list[str | None](), list[str | None]())
        for row, seed in zip(_rows(batch), seeds.tolist(), strict=True):
            text, meta, reason = (row["text"], row["meta"], None)
            if text is not None:
                text, meta, reason = _judged(block, row, seed)
            texts.append(text)
            metas.append(meta)
            reasons.append(reason)
        if texts != batch.column("text").to_pylist():
            batch = set_column(batch, "text", texts)
        batch = set_column(batch, "meta", metas)
        for reason in dict.fromkeys(filter(None, reasons)):
            hit = np.array([other == reason for other in reasons])
            batch = drop(batch, hit, f"datatrove_block.{_rule(reason)}", reason, self.block)
        return batch


def block_class(name: str) -> type[Any]:
    """Returns the filter or formatter of datatrove of that name, without building it.

    Raises RecipeError if it cannot be used.
    """
    if not name.startswith("datatrove."):
        raise RecipeError(f"block: found {name!r}, expected a name such as datatrove.pipeline.filters.RegexFilter")
    module_name, _, class_name = name.rpartition(".")
    try:
        base = importlib.import_module("datatrove.pipeline.base")
        filters = importlib.import_module("datatrove.pipeline.filters.base_filter")
        formatters = importlib.import_module("datatrove.pipeline.formatters.base")
        required = importlib.import_module("datatrove.utils._import_utils")
    except ModuleNotFoundError as error:
        raise RecipeError(f'datatrove is not installed ({error}): pip install "tokenmill[interop]"') from error
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise RecipeError(f"block: cannot import {module_name!r}: {error}") from error
    found = getattr(module, class_name, None)
    if not inspect.isclass(found) or not issubclass(found, base.PipelineStep):
        blocks = [key for key, value in vars(module).items() if inspect.isclass(value)]
        raise RecipeError(f"block: no block {class_name!r} in {module_name}{did_you_mean(class_name, blocks)}")
    _refuse_others(name, found, filters.BaseFilter, formatters.BaseFormatter)
    try:
        required.check_required_dependencies(class_name, _requirements(found))
    except ImportError as error:
        raise RecipeError(f"block: {error}") from error
    return found


def _requirements(block: type[Any]) -> list[str | tuple[str, str]]:
    """Returns the packages that the block and its bases require: names, or (module, distribution)."""
    return [need for kind in block.mro() for need in getattr(kind, "_requires_dependencies", [])]


def _refuse_others(name: str, found: type[Any], filter: type[Any], formatter: type[Any]) -> None:
    folder = found.__module__.removeprefix("datatrove.pipeline.").partition(".")[0]
    if not issubclass(found, filter | formatter):
        instead = _INSTEAD.get(folder, "the pipeline itself does its work")
        raise RecipeError(f"block: {name} is neither a filter nor a formatter; {instead}")
    if inspect.isabstract(found):
        raise RecipeError(f"block: {name} is a base class; name one of its subclasses")
    if issubclass(found, filter) and "run" in vars(found):
        raise RecipeError(f"block: {name} does more than judge documents one by one")
    if "filter_function" in inspect.signature(found).parameters:
        raise RecipeError(f"block: {name} needs a function, which a recipe cannot name; write a filter of your own")


@functools.lru_cache(maxsize=8)
def built(name: str, settings: str) -> Any:
    """Returns the block of datatrove with these settings, which is created once per process.

    Its state is the same before each document.
    """
    try:
        return block_class(name)(**json.loads(settings))
    except (TypeError, ValueError) as error:
        raise RecipeError(f"datatrove_block: {name} does not accept the settings {settings}: {error}") from error


def _rows(batch: pa.RecordBatch) -> list[dict[str, Any]]:
    wanted = ("id", "text", "meta", "url", "date", "lang", "lang_score")
    columns = {name: batch.column(name).to_pylist() for name in wanted if name in batch.schema.names}
    columns |= {name: [None] * batch.num_rows for name in wanted if name not in columns}
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _judged(block: Any, row: dict[str, Any], seed: int) -> tuple[str, str | None, str | None]:
    """Returns (text, meta, reason of a drop or None) of one document after the block has processed it."""
    from datatrove.data import Document

    before = _metadata(row)
    document = Document(text=row["text"], id=row["id"], metadata=copy.deepcopy(before))
    reason = None
    if hasattr(block, "filter_batch"):
        [verdict] = _seeded(block, seed).filter_batch([document])
        keep, said = verdict if isinstance(verdict, tuple) else (verdict, None)
        reason = None if keep else str(said or _snake(type(block).__name__))
    else:
        [document] = copy.deepcopy(block).run(iter([document]))
    return document.text, _meta(row["meta"], before, document.metadata), reason


def _metadata(row: dict[str, Any]) -> dict[str, Any]:
    ours = {
        "url": row["url"],
        "date": row["date"] and row["date"].isoformat(),
        "language": row["lang"],
        "language_score": row["lang_score"],
    }
    return {key: value for key, value in ours.items() if value is not None} | _loaded(row["meta"])


def _loaded(meta: str | None) -> dict[str, Any]:
    found = json.loads(meta) if meta else {}
    return found if isinstance(found, dict) else {"meta": found}


def _meta(meta: str | None, before: dict[str, Any], after: dict[str, Any]) -> str | None:
    """Returns `meta` with the metadata that the block changed or added, and without those that it removed."""
    if after == before:
        return meta
    kept = {key: value for key, value in _loaded(meta).items() if key in after}
    news = {key: value for key, value in after.items() if key not in before or before[key] != value}
    return json.dumps(kept | news, sort_keys=True, separators=(",", ":"), default=_plain)


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else str(value)


def _seeded(block: Any, seed: int) -> Any:
    for name, value in vars(block).items():
        if isinstance(getattr(value, "__self__", None), np.random.Generator):
            setattr(block, name, getattr(np.random.default_rng(seed), value.__name__))
    return block


def _rule(reason: str) -> str:
    return re.sub(r"[^A-Za-z0-9_]+", "_", reason).strip("_")[:60] or "dropped"


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
