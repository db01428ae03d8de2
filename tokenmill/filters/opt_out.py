"""Drops pages whose publisher opts out of machine learning in the HTTP header or in the page's head.

stages.read_warc reads the opt-outs: robots directives (X-Robots-Tag, the robots meta element) and the reservation of
the TDM Reservation Protocol. No opt-out is legally binding everywhere; the recipe decides which ones to respect.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tokenmill.core.rules import Rule, check_bounds, judge, signal_columns


@dataclass(frozen=True)
class OptOut:
    """Drops pages with opt-out directives or a reservation of text and data mining.

    Attributes:
        directives: the robots directives that count, in lower case, such as noai, noimageai, noindex, noarchive or
            `none`. Default [noai].
        agents: crawlers, in lower case, whose own directives count in addition to the directives for all crawlers.
            Default [ccbot].
        max_directives: largest number of such directives in a page that is kept, 0 or more. Default 0.
        max_tdm: 0 drops pages that reserve text and data mining; 1 or more, or None, keeps them. Default 0.
    """

    directives: tuple[str, ...] = ("noai",)
    agents: tuple[str, ...] = ("ccbot",)
    max_directives: int = 0
    max_tdm: int | None = 0

    RULES: ClassVar[dict[str, Rule]] = {
        "robots": Rule("n_directives", high="max_directives"),
        "tdm": Rule("tdm", high="max_tdm"),
    }
    EXAMPLES: ClassVar[list[tuple[dict[str, object], str | None]]] = [
        ({"read_warc.robots": None, "read_warc.tdm_reservation": None}, None),
        ({"read_warc.robots": "index,max-snippet", "read_warc.tdm_reservation": "0"}, None),
        ({"read_warc.robots": "noai,noindex", "read_warc.tdm_reservation": None}, "robots"),
        ({"read_warc.robots": "ccbot:noai", "read_warc.tdm_reservation": None}, "robots"),
        ({"read_warc.robots": "googlebot:noai", "read_warc.tdm_reservation": None}, None),
        ({"read_warc.robots": "noindex", "read_warc.tdm_reservation": "1"}, "tdm"),
    ]
    reads: ClassVar[tuple[str, ...]] = ("read_warc.robots", "read_warc.tdm_reservation")
    adds: ClassVar[tuple[str, ...]] = signal_columns("opt_out", "n_directives", "tdm")

    def __post_init__(self) -> None:
        check_bounds(self)

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        robots = batch.column("read_warc.robots").cast(pa.string()).dictionary_encode()
        counts = [self._count(text or "") for text in robots.dictionary.to_pylist()]
        found = pa.array(counts, pa.int32()).take(robots.indices)
        reserved = pc.cast(pc.equal(batch.column("read_warc.tdm_reservation").cast(pa.string()), "1"), pa.int32())
        return judge(batch, self, {"n_directives": pc.fill_null(found, np.int32(0)), "tdm": pc.fill_null(reserved, 0)})

    def _count(self, robots: str) -> int:
        counted = {*self.directives, *(f"{agent}:{name}" for agent in self.agents for name in self.directives)}
        return len(counted & set(robots.split(",")))
