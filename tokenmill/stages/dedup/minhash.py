"""Removes near-duplicates: MinHash bands nominate pairs, and the true Jaccard similarity of their texts decides.

The default settings are those of FineWeb (14 bands of 8, word 5-grams; Penedo et al. 2024, 3.4). They nominate 77 % of
the pairs at similarity 0.75, 92 % at 0.80 and 99.9 % at 0.90, measured on folded texts. Unlike FineWeb, each pair is
verified on the unmodified texts, so that no document is removed below the threshold, and none because its numbers were
folded. The keep rule in text/similarity/keep_rule.py decides which documents stay. The result depends on the documents,
not on their order.
"""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from typing import Any, ClassVar

from tokenmill.core.errors import RecipeError
from tokenmill.core.kinds import Round
from tokenmill.core.rules import check_numbers
from tokenmill.stages.dedup.minhash_bands import bands_for, outlook
from tokenmill.stages.dedup.minhash_index import IndexKind, index_files, verify_index, write_index
from tokenmill.stages.dedup.minhash_rounds import (
    COUNTS,
    AlikeText,
    Neighbourhoods,
    SharedBands,
    Signing,
    added,
    nothing_counted,
)
from tokenmill.stages.dedup.preference import Keep
from tokenmill.stages.dedup.settings import check_settings, columns_read, conclude
from tokenmill.text.similarity.shingle import Shingling, Unit
from tokenmill.text.similarity.signature import Bits
from tokenmill.text.words.fold import FOLDS, Fold

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Minhash:
    """Keeps one of the documents that are alike. A document of fewer than `ngram` folded words is never a duplicate.

    The similarity is that of the unmodified texts: the Jaccard similarity of their sets of `ngram` successive words (of
    the shared split, punctuation included), where case, digits and every character count. White space between words
    does not count. With `unit: characters`, a run of white space is one character, ignored at the ends of a text.

    Attributes:
        bands: number of bands. A pair of similarity s is nominated with probability 1 - (1 - s^rows)^bands. At least 1.
            Default 14.
        rows: number of hashes per band, at least 1. Default 8.
        ngram: number of words, or characters, in a shingle; at least 1. For characters, 8 to 25 work well. Default 5.
        threshold: lowest similarity of the unmodified texts at which a document is removed, above 0, at most 1.
            Default 0.75.
        keep: longest, earliest, latest, best_score or source_order; ties go by id. Default longest.
        score: column to rank by, for `keep: best_score`. Default none.
        sources: the sources in order of preference, for `keep: source_order`. Default none.
        max_removed: {source: largest share of its documents that may be removed, 0 to 1}. Above it, the run stops.
            Default: no limit.
        max_bucket: number of documents that share a band up to which all pairs are examined; pairs of larger buckets
            are examined in `hubs` rounds. At least 1. Default 5,000.
        hubs: largest number of rounds in a large bucket; in each round all documents are compared with one. At least 1.
            Default 200.
        seed: seed of the hash functions. Default: the recipe's seed.
        recall: smallest probability with which the bands nominate a pair whose similarity after folding is the
            threshold, above 0 and below 1. If it is not 0, the step sets bands and rows itself. Default 0.
        hashes: largest number of hashes that recall may use, at least 1. Default 128.
        index: folders or URLs written by `pipeline dedup index`. A document that is similar to one in the index is
            removed, whatever `keep` says, and its duplicate_of is the id in the index. FOLDER@2 stands for the first
            two versions of the index. Default none.
        unit: what a shingle consists of: words or characters. Default words.
        bits: size of a hash, 32 or 64. 64 bits make a difference only for texts of millions of shingles, and take twice
            the time. Default 32.
        fold: the differences that bands ignore when they nominate pairs: case, marks (accents and invisible format
            characters), punctuation (with symbols), digits (each number becomes one digit). Verification ignores none
            of them. With [], bands use the unmodified texts too. Default: all four.
    """

    bands: int = 14
    rows: int = 8
    ngram: int = 5
    threshold: float = 0.75
    keep: Keep = "longest"
    score: str = ""
    sources: tuple[str, ...] = ()
    max_removed: dict[str, float] = field(default_factory=dict)
    max_bucket: int = 5_000
    hubs: int = 200
    seed: int = 0
    recall: float = 0.0
    hashes: int = 128
    index: tuple[str, ...] = ()
    unit: Unit = "words"
    bits: Bits = 32
    fold: tuple[Fold, ...] = FOLDS

    adds: ClassVar[tuple[str, ...]] = ("minhash.cluster_size",)

    def __post_init__(self) -> None:
        check_settings(self)
        check_numbers(self, "bands", "rows", "ngram", "max_bucket", "hubs", "hashes", low=1)
        check_numbers(self, "threshold", low=0, high=1, ends="(]")
        check_numbers(self, "recall", low=0, high=1, ends="[)")
        object.__setattr__(self, "fold", tuple(one for one in FOLDS if one in self.fold))  # their order has no meaning
        if self.recall:
            self._set_bands()

    def _set_bands(self) -> None:
        found = bands_for(self.threshold, self.recall, self.hashes)
        if found is None:
            raise RecipeError(
                f"recall: {self.recall}; no bands of at most {self.hashes} hashes nominate pairs at {self.threshold} "
                "with that probability; expected a lower recall or a larger hashes"
            )
        for name, value in zip(("bands", "rows"), found, strict=True):
            object.__setattr__(self, name, value)  # the recorded settings are those that are used

    def earlier(self) -> dict[str, str]:
        """Returns {file of an index: its XXH3}.

        Raises RecipeError if an index has other shingles or is incomplete.
        """
        return self.file_checksums()

    def file_checksums(self) -> dict[str, str]:
        """Returns {file of an index: its XXH3}, for the fingerprint."""
        return {file.path: file.xxh3 for index in self.index for file in index_files(index, self._index_kind)}

    def write_index(self, data: Iterable[str], folder: str) -> dict[str, Any] | None:
        """Adds the documents of these Parquet files to an index.

        Returns the content of its new version, or None if the index has all of them.
        """
        return write_index(data, folder, self._index_kind)

    @staticmethod
    def verify_index(folder: str) -> list[dict[str, Any]]:
        """Reads a whole index and returns the content of each version. Raises DataError that names a damaged file."""
        return verify_index(folder)

    def outlook(self) -> str:
        """Returns the recall of the bands by similarity as a line of text, for `plan`."""
        return outlook(self.bands, self.rows, self.threshold, self.fold)

    @property
    def reads(self) -> tuple[str, ...]:
        return columns_read(self, "id", "text")

    @property
    def shingling(self) -> Shingling:
        return Shingling(self.ngram, self.unit, self.fold)

    @property
    def signing(self) -> Signing:
        return Signing(self.bands, self.rows, self.seed, self.bits)

    @property
    def _index_kind(self) -> IndexKind:
        return IndexKind(self.shingling, self.bits)

    def rounds(self) -> list[Round]:
        shingling, signing = self.shingling, self.signing
        alike = AlikeText(shingling, signing, self.threshold, self.max_bucket, self.hubs, self)
        return [SharedBands(shingling, signing), Neighbourhoods(), alike]

    def conclude(self, facts: list[dict[str, Any]], sources: Mapping[str, int]) -> dict[str, Any]:
        """Returns the number of documents and the COUNTS of minhash_rounds.py.

        Raises DataError if max_removed would be exceeded.
        """
        total = reduce(added, facts, nothing_counted())
        self._log({"documents": sum(sources.values()), **{name: total[name] for name in COUNTS}})
        return conclude(self, [total], sources, COUNTS)

    def _log(self, counts: dict[str, int]) -> None:
        log.info("minhash: %s", ", ".join(f"{name} {count:,}" for name, count in counts.items()))
        if counts["pairs_unexamined_kept"]:
            log.warning(
                "minhash: %s pairs of kept documents share a band but were never examined, in %s buckets of more than "
                "%s documents after %s rounds; raise hubs or max_bucket to examine more",
                *(f"{counts[name]:,}" for name in ("pairs_unexamined_kept", "giant_buckets")),
                f"{self.max_bucket:,}",
                self.hubs,
            )
