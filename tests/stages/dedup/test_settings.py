"""stages/dedup/settings.py: the settings that all kinds of deduplication share."""

from typing import Any

import pytest

from tokenmill.core.errors import DataError, RecipeError
from tokenmill.stages.dedup.exact_dedup import ExactDedup
from tokenmill.stages.dedup.line_dedup import LineDedup
from tokenmill.stages.dedup.minhash import Minhash
from tokenmill.stages.dedup.settings import check_settings, columns_read, conclude, limited_sources
from tokenmill.stages.dedup.substring_dedup import SubstringDedup
from tokenmill.stages.dedup.url_dedup import UrlDedup

EVERY = [ExactDedup, LineDedup, Minhash, SubstringDedup, UrlDedup]


@pytest.mark.parametrize("kind", EVERY)
def test_every_global_reads_what_its_shared_settings_need(kind: Any) -> None:
    own = ("id", "url") if kind is UrlDedup else ("id", "text")
    assert kind(keep="longest").reads == tuple(dict.fromkeys([*own, "text"]))
    assert kind(keep="best_score", score="q.s").reads == (*own, "q.s")
    assert kind(keep="latest", max_removed={"web": 0.5}).reads == (*own, "date", "source")
    assert kind(keep="source_order", sources=("a",), max_removed={"web": 0.5}).reads == (*own, "source")


@pytest.mark.parametrize("kind", EVERY)
@pytest.mark.parametrize("settings", [{"keep": "best_score"}, {"sources": ("a",)}, {"max_removed": {"web": 2}}])
def test_every_global_refuses_shared_settings_that_do_not_fit(kind: Any, settings: dict[str, Any]) -> None:
    with pytest.raises(RecipeError):
        kind(**settings)


def test_the_columns_and_sources_of_settings_are_each_named_once() -> None:
    settings = ExactDedup(max_removed={"wiki": 0.5, "web": 0.5})
    check_settings(settings)
    assert columns_read(settings, "text", "source") == ("text", "source")
    assert limited_sources(settings) == ("web", "wiki")


def test_the_facts_of_partitions_add_up_and_are_held_against_max_removed() -> None:
    facts = [{"removed": count, "removed_by_source": {"web": {"removed": count, "largest": []}}} for count in (1, 2)]
    allowed, refused = ExactDedup(max_removed={"web": 0.75}), ExactDedup(max_removed={"web": 0.7})
    assert conclude(allowed, facts, {"web": 4, "wiki": 1}, ["removed"]) == {"documents": 5, "removed": 3}
    assert conclude(allowed, [], {"web": 4}, ["removed"]) == {"documents": 4, "removed": 0}
    with pytest.raises(DataError, match="exact_dedup would remove 3 of 4 documents of source 'web'"):
        conclude(refused, facts, {"web": 4, "wiki": 1}, ["removed"])
    assert conclude(refused, facts, {"web": 4}, ["removed"], totals={"web": 100}) == {"documents": 4, "removed": 3}
