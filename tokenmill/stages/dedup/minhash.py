"""Remove near-duplicates: MinHash bands nominate pairs, the true Jaccard similarity of their shingle sets decides.

Settings are FineWeb's (14 bands of 8, word 5-grams; Penedo et al. 2024, 3.4), which nominate 77 % of the pairs at
similarity 0.75, 92 % at 0.80 and 99.9 % at 0.90. Verification is added, so that none is removed below the threshold.
Which documents stay is the keep rule in keep_rule.py. The outcome depends on the documents, not on their order.
"""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from typing import Any, ClassVar

from tokenmill.core.errors import RecipeError
from tokenmill.core.kinds import Round
from tokenmill.core.limits import check_limits, guard
from tokenmill.stages.dedup.minhash_bands import bands_for, outlook
from tokenmill.stages.dedup.minhash_index import index_files, verify_index, write_index
from tokenmill.stages.dedup.minhash_rounds import COUNTED, AlikeText, Neighbourhoods, SharedBands, Signing, added
from tokenmill.stages.dedup.preference import Keep, check_preference, preference_column
from tokenmill.text.similarity.shingle import Unit
from tokenmill.text.similarity.signature import Bits

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Minhash:
    """Of documents that are alike one is kept. Documents of fewer than `ngram` words (characters) are never duplicates.

    bands, rows: a pair of similarity s is nominated with probability 1 - (1 - s^rows)^bands.
    threshold: the lowest Jaccard similarity, in (0, 1], at which a document is removed.
    ngram, unit: a shingle is so many words, or characters (of which 8 to 25 are a good choice).
    bits: of a hash, 32 or 64; 64 make a difference for texts of millions of shingles only, and take twice the time.
    keep: which one stays; ties go by id. score, sources: what `keep` ranks by, for best_score and source_order.
    max_removed: by source, the largest share of its documents (0..1) that may go; beyond it the run stops first.
    max_bucket: documents sharing a band, above which pairs are not all examined but in `hubs` rounds.
    recall: if not 0, bands and rows are set so that pairs at the threshold are nominated with this chance or a better
    one, 0..1, by at most `hashes` hash functions.
    index: folders (or URLs) made by `pipeline dedup-index`: what is like a document remembered there is removed,
    whatever `keep` says; duplicate_of is then that document's id. FOLDER@2 is the index as of its second version.
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

    adds: ClassVar[tuple[str, ...]] = ("minhash.cluster_size",)

    def __post_init__(self) -> None:
        check_preference(self.keep, score=self.score, sources=self.sources)
        for name in ("bands", "rows", "ngram", "max_bucket", "hubs", "hashes"):
            if getattr(self, name) < 1:
                raise RecipeError(f"{name}: {getattr(self, name)}; must be at least 1")
        if not 0.0 < self.threshold <= 1.0:
            raise RecipeError(f"threshold: {self.threshold}; must be above 0 and at most 1")
        if self.recall:
            self._set_bands()
        check_limits(self.max_removed)

    def _set_bands(self) -> None:
        found = bands_for(self.threshold, self.recall, self.hashes) if 0.0 < self.recall < 1.0 else None
        if found is None:
            raise RecipeError(
                f"recall: {self.recall}; no bands of at most {self.hashes} hashes nominate pairs at {self.threshold} "
                "with that chance; it must be above 0 and below 1, or hashes must be more"
            )
        for name, value in zip(("bands", "rows"), found, strict=True):
            object.__setattr__(self, name, value)  # the settings on record are those that work

    def earlier(self) -> dict[str, str]:
        """The files of the indexes, with their XXH3. RecipeError if one is not for these shingles, or not whole."""
        return self.file_checksums()

    def file_checksums(self) -> dict[str, str]:
        """{file of an index: its XXH3}, for the fingerprint."""
        return {file.path: file.xxh3 for index in self.index for file in index_files(index, self.ngram, self.unit)}

    def write_index(self, data: Iterable[str], folder: str) -> dict[str, Any]:
        """Remember the documents in these Parquet files besides what the index has; what its new version says."""
        return write_index(data, folder, self.ngram, self.unit)

    @staticmethod
    def verify_index(folder: str) -> list[dict[str, Any]]:
        """Read an index whole; what each of its versions says. RecipeError or DataError names what is damaged."""
        return verify_index(folder)

    def outlook(self) -> str:
        """What to expect of the bands, for `plan`."""
        return outlook(self.bands, self.rows, self.threshold)

    @property
    def reads(self) -> tuple[str, ...]:
        by_source = ["source"] if self.max_removed else []
        return tuple(dict.fromkeys(["id", "text", preference_column(self.keep, score=self.score), *by_source]))

    def rounds(self) -> list[Round]:
        signing = Signing(self.bands, self.rows, self.ngram, self.seed, self.unit, self.bits)
        alike = AlikeText(
            signing, self.threshold, self.max_bucket, self.hubs, self.keep, self.score, self.sources,
            limited=tuple(sorted(self.max_removed)),
        )  # fmt: skip
        return [SharedBands(signing), Neighbourhoods(), alike]

    def conclude(self, facts: list[dict[str, Any]], sources: Mapping[str, int]) -> dict[str, Any]:
        """What was counted in documents or pairs, by name. DataError if more of a source goes than its limit allows."""
        nothing: dict[str, Any] = {}
        counted = reduce(added, facts, nothing)
        by_source = counted.pop("by_source", {})
        said = {"documents": sum(sources.values()), **dict.fromkeys(COUNTED, 0), **counted}
        self._tell(said)
        guard("minhash", self.max_removed, sources, by_source)
        return said

    def _tell(self, facts: dict[str, int]) -> None:
        log.info("minhash: %s", ", ".join(f"{name} {count:,}" for name, count in facts.items()))
        if facts["pairs_unexamined_kept"]:
            log.warning(
                "minhash: %s pairs of kept documents share a band but were never examined, in %s buckets of more than "
                "%s documents after %s rounds; raise hubs or max_bucket to examine more",
                *(f"{facts[name]:,}" for name in ("pairs_unexamined_kept", "giant_buckets")),
                f"{self.max_bucket:,}",
                self.hubs,
            )
