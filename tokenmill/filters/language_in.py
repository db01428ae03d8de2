"""Keeps documents in the given languages. Code (a document with `code_lang`) is never judged."""

import re
from dataclasses import dataclass
from typing import ClassVar, Self

import pyarrow as pa
import pyarrow.compute as pc

from tokenmill.core.errors import DataError, RecipeError, did_you_mean
from tokenmill.core.rules import Rule, check_lists, check_numbers, judge, signal_columns

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

UNKNOWN = "und"
"""The code for an unknown language (ISO 639-2). stages.language writes it, and a null `lang` counts as it."""

_MORE_LABELS = """
    aa ab ae ak ay bi bm ch cr cu dz ee ff fj fo ha ho hz ig ii ik in iu iw ji jw ki kg kj kl kr ks lg ln lu mh mi mo na
    nb nd ng nr nv ny oj om pi rn rw se sg sm sn ss st ti tn to ts tw ty ve wo xh za zu
"""
_OTHER_TWO_LETTERS = frozenset(_MORE_LABELS.split())
"""Codes of ISO 639-1, with withdrawn ones such as iw, that lid.176 never returns, but other models do."""

_THREE_LETTERS = """
    afr:af amh:am arg:an ara:ar asm:as ava:av aze:az bak:ba bel:be bul:bg bih:bh ben:bn bod:bo tib:bo bre:br bos:bs
    cat:ca che:ce cos:co ces:cs cze:cs chv:cv cym:cy wel:cy dan:da deu:de ger:de div:dv ell:el gre:el eng:en epo:eo
    spa:es est:et eus:eu baq:eu fas:fa per:fa fin:fi fra:fr fre:fr fry:fy gle:ga gla:gd glg:gl grn:gn guj:gu glv:gv
    heb:he hin:hi hrv:hr hat:ht hun:hu hye:hy arm:hy ina:ia ind:id ile:ie ido:io isl:is ice:is ita:it jpn:ja jav:jv
    kat:ka geo:ka kaz:kk khm:km kan:kn kor:ko kur:ku kom:kv cor:kw kir:ky lat:la ltz:lb lim:li lao:lo lit:lt lav:lv
    mlg:mg mkd:mk mac:mk mal:ml mon:mn mar:mr msa:ms may:ms mlt:mt mya:my bur:my nep:ne nld:nl dut:nl nno:nn nor:no
    oci:oc ori:or oss:os pan:pa pol:pl pus:ps por:pt que:qu roh:rm ron:ro rum:ro rus:ru san:sa srd:sc snd:sd hbs:sh
    sin:si slk:sk slo:sk slv:sl som:so sqi:sq alb:sq srp:sr sun:su swe:sv swa:sw tam:ta tel:te tgk:tg tha:th tuk:tk
    tgl:tl tur:tr tat:tt uig:ug ukr:uk urd:ur uzb:uz vie:vi vol:vo wln:wa yid:yi yor:yo zho:zh chi:zh
"""
TWO_LETTERS_OF = dict(pair.split(":") for pair in _THREE_LETTERS.split())
"""{code of ISO 639-2 or 639-3: label of lid.176}, for languages that have two letters in lid.176 and ISO 639-1."""

_TWO = re.compile(r"[a-z]{2}")
_THREE = re.compile(r"[a-z]{3}")
_WITH_SUBTAGS = re.compile(r"[a-z]{2,3}([_-][A-Za-z0-9]{1,16})+")


@dataclass(frozen=True)
class LanguageIn:
    """Drops documents in other languages and documents with an uncertain language.

    If `lang` is null, it counts as "und", the code that stages.language writes for an unknown language. The score of
    "und" is not judged, because stages.language gives it 0. If `lang` is given and `lang_score` is null (the source
    states the language), the score is not judged either.

    Attributes:
        keep: the languages to keep, spelled as in `lang`: labels of lid.176 such as en, of GlotLID, OpenLID or NLLB
            such as eng_Latn, any labels of a model of your own, or und. Labels that look like mistakes are refused:
            eng beside en, UND, or jp, which is no language. If `lang` turns out to have en and not eng, eng is an
            error. Required.
        min_score: a document is kept only if its `lang_score` is above this; 0 to below 1. It does not apply to und.
            None switches the rule off. Default 0.65 (FineWeb).
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
        ({"lang": "und", "lang_score": 0.0}, "language"),
        ({"lang": None, "lang_score": None, "code_lang": "Python"}, None),
        ({"lang": "fr", "lang_score": 0.99, "code_lang": "Python"}, None),
    ]

    @classmethod
    def example(cls) -> Self:
        return cls(keep=("en",))

    def __post_init__(self) -> None:
        check_numbers(self, "min_score", low=0, high=1, ends="[)", optional=True)
        check_lists(self, "keep", expected="a list of languages such as [en, de]", filled=True)
        for_lid176 = any(len(language) == 2 and language in KNOWN for language in self.keep)
        for language in self.keep:
            _check(language, for_lid176=for_lid176)

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        _check_spelling(self.keep, batch.column("lang"))
        lang, score = pc.fill_null(batch.column("lang"), UNKNOWN), pc.cast(batch.column("lang_score"), pa.float64())
        score = pc.if_else(pc.equal(lang, UNKNOWN), pa.scalar(None, score.type), score)
        if "code_lang" in batch.schema.names:
            is_code = batch.column("code_lang").is_valid()
            lang, score = (pc.if_else(is_code, pa.scalar(None, signal.type), signal) for signal in (lang, score))
        return judge(batch, self, {"lang": lang, "score": score})


def _check(language: str, *, for_lid176: bool) -> None:
    """Raises RecipeError for a label that is likely a mistake.

    for_lid176: the list has a label of two letters of lid.176. Then the others are codes of languages too, and not of
    three letters if lid.176 has two letters for the language. Codes of three letters are accepted without a look-up:
    ISO 639-3 has 8,000. In other lists any label may be one of the user's own model, except for a blank one, other
    spellings of und such as UND, and two letters that are no code of a language, such as jp.
    """
    short = TWO_LETTERS_OF.get(language)
    if short is None and (
        language in KNOWN | _OTHER_TWO_LETTERS | {UNKNOWN}
        or _THREE.fullmatch(language)
        or _WITH_SUBTAGS.fullmatch(language)
    ):
        return
    is_unknown = language.lower() == UNKNOWN
    if not for_lid176 and language.strip() and not _TWO.fullmatch(language) and not is_unknown:
        return
    short = UNKNOWN if is_unknown else short
    nearest = f"; did you mean {short!r}?" if short else did_you_mean(language, KNOWN)
    expected = "a language code such as en, eng_Latn, zh-Hant or und"
    raise RecipeError(f"language_in.keep: found {language!r}, expected {expected}{nearest}")


def _check_spelling(keep: tuple[str, ...], lang: pa.Array) -> None:
    """Raises DataError if `lang` has the label of lid.176 for a language that `keep` has under another label only."""
    found = set(pc.unique(lang).to_pylist())
    for language in keep:
        code = re.split("[_-]", language.lower())[0]
        short = TWO_LETTERS_OF.get(code, code if code == language.lower() else "")
        if short != language and short in found & KNOWN and language not in found and short not in keep:
            raise DataError(
                f"language_in.keep: found {language!r}, but the column `lang` has {short!r}; labels have to be spelled"
                f" as in that column; did you mean {short!r}?"
            )
