"""Every language the mini-crawl is written in."""

from tokenmill.mini import (
    prose_de,
    prose_en,
    prose_es,
    prose_fr,
    prose_it,
    prose_ja,
    prose_nl,
    prose_pl,
    prose_pt,
    prose_ru,
    prose_zh,
)

GRAMMARS = {
    module.GRAMMAR.code: module.GRAMMAR
    for module in (
        prose_en, prose_de, prose_fr, prose_es, prose_it, prose_pt, prose_ru, prose_zh, prose_ja, prose_nl, prose_pl,
    )
}  # fmt: skip
