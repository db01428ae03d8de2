"""Keeps documents in the given languages. Code (a document with `code_lang`) is never judged."""

from dataclasses import dataclass
from typing import ClassVar, Self

import pyarrow as pa
import pyarrow.compute as pc

from tokenmill.core.errors import RecipeError
from tokenmill.core.rules import Rule, check_known, check_lists, judge, signal_columns

_LABELS = """
    af als am an ar arz as ast av az azb ba bar bcl be bg bh bn bo bpy br bs bxr ca cbk ce ceb ckb co cs cv cy da de
    diq dsb dty dv el eml en eo es et eu fa fi fr frr fy ga gd gl gn gom gu gv he hi hif hr hsb ht hu hy ia id ie
    ilo io is it ja jbo jv ka kk km kn ko krc ku kv kw ky la lb lez li lmo lo lrc lt lv mai mg mhr min mk ml mn mr
    mrj ms mt mwl my myv mzn nah nap nds ne new nl nn no oc or os pa pam pfl pl pms pnb ps pt qu rm ro ru rue sa sah
    sc scn sco sd sh si sk sl so sq sr su sv sw ta te tg th tk tl tr tt tyv ug uk ur uz vec vep vi vls vo wa war wuu
    xal xmf yi yo yue zh
"""
KNOWN = frozenset(_LABELS.split())
"""The labels of fastText's lid.176 (ISO 639)."""

UNKNOWN = "unknown"
"""The signal of a document whose `lang` is null."""


@dataclass(frozen=True)
class LanguageIn:
    """Drops documents in other languages and documents with an uncertain language.

    A document with null `lang` is dropped by the rule `language`, with the measured value "unknown". If `lang` is given
    and `lang_score` is null (the source states the language), the score is not judged.

    Attributes:
        keep: the languages to keep, as labels of lid.176. No default.
        min_score: keep a document only if its `lang_score` is above this, 0 to below 1; None switches the rule off.
            Default 0.65 (FineWeb).
    """

    keep: tuple[str, ...]
    min_score: float | None = 0.65

    RULES: ClassVar[dict[str, Rule]] = {
        "language": Rule("lang", one_of="keep"),
        "score": Rule("score", above="min_score"),
    }
    SIGNALS: ClassVar[tuple[str, ...]] = ("lang", "score")
    reads: ClassVar[tuple[str, ...]] = ("lang", "lang_score")
    adds: ClassVar[tuple[str, ...]] = signal_columns("language_in", *SIGNALS)

    EXAMPLES: ClassVar[list[tuple[dict[str, object], str | None]]] = [
        ({"lang": "en", "lang_score": 0.9}, None),
        ({"lang": "en", "lang_score": 0.65}, "score"),
        ({"lang": "en", "lang_score": 0.66}, None),
        ({"lang": "en", "lang_score": None}, None),
        ({"lang": "fr", "lang_score": 0.99}, "language"),
        ({"lang": None, "lang_score": None}, "language"),
        ({"lang": None, "lang_score": None, "code_lang": "Python"}, None),
        ({"lang": "fr", "lang_score": 0.99, "code_lang": "Python"}, None),
    ]

    @classmethod
    def example(cls) -> Self:
        return cls(keep=("en",))

    def __post_init__(self) -> None:
        if self.min_score is not None and not 0 <= self.min_score < 1:
            raise RecipeError(f"language_in.min_score: found {self.min_score!r}, expected a number from 0 to below 1")
        check_lists(self, "keep", expected="a list of languages such as [en, de]", filled=True)
        check_known(self, "keep", KNOWN, expected="a language that lid.176 knows")

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        lang, score = pc.fill_null(batch.column("lang"), UNKNOWN), pc.cast(batch.column("lang_score"), pa.float64())
        if "code_lang" in batch.schema.names:
            is_code = batch.column("code_lang").is_valid()
            lang, score = (pc.if_else(is_code, pa.scalar(None, signal.type), signal) for signal in (lang, score))
        return judge(batch, self, {"lang": lang, "score": score})
