"""Lists the names of wikitext that have a meaning (tags, templates, namespaces, magic words), as tables for kernels.

The sources are MediaWiki's own messages (namespaces of all editions), the templates of the English Wikipedia, and the
common templates of a dozen other editions, as of 2024. A template that is not named here leaves no text. A template
that has different meanings in different editions is left out, unless the English edition has it.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from html.entities import html5, name2codepoint
from typing import NamedTuple

import numpy as np

from tokenmill.text.kernel.arrays import Bytes, Hashes, Longs
from tokenmill.text.kernel.cache import frozen
from tokenmill.text.wikitext.languages import LANGUAGE_CODES, MEDIA_NAMES

# The effects of tags. The first four need an end tag.
SKIP, RAW, MATH, BLOCK_RAW, BREAK, BLOCK, NONE, CELL, ROW, ITEM, RAISED = range(1, 12)
_TAGS = {
    SKIP: """
    ref references gallery timeline imagemap score graph mapframe maplink templatedata hiero inputbox style
    script categorytree indicator includeonly templatestyles dynamicpagelist rss phonos
    """,
    RAW: "nowiki chem ce",
    MATH: "math",
    BLOCK_RAW: "pre syntaxhighlight source",
    BREAK: "br hr",
    BLOCK: "p div center blockquote poem ul ol dl dt dd table caption h1 h2 h3 h4 h5 h6 onlyinclude",
    NONE: """
    b i u s small big sub span font strong em tt code kbd samp var cite abbr del ins strike q dfn bdi bdo mark
    ruby rb rp rt rtc noinclude section translate tvar languages wbr data time tbody thead tfoot
    """,
    CELL: "td th",
    ROW: "tr",
    ITEM: "li",
    RAISED: "sup",
}

# The ways to render a template. ARG: prefix, argument, suffix. JOIN: all arguments with the prefix between them, then
# the suffix.
ARG, LAST, JOIN, DATE, CONVERT, NIHONGO, FRACTION, SHIP, QUOTE, VALUE, LITERAL, UNIT = range(1, 13)
_ARGUMENTS = {
    (ARG, 1): """
    nowrap nobr nobreak nwr small smaller big larger resize abbr tooltip ill interlanguage_link visible_anchor
    vanchor math mvar var bigmath unicode IPA_link IPAlink IPAblink IPAslink samp kbd code mono tt sub smallcaps
    sc allcaps strong em not_a_typo proper_name noitalic noitalics plainlist plain_list flatlist flag
    flagcountry flagu noflag fb fbw chem2 nihongo2 link-interwiki center underline strikethrough keypress nts
    number won nom yes no partial lang-rus lang-gr lang-grc lang-ang lang-enm lang-fro lang-frm lang-frk
    lang-non lang-syr lang-arc lang-cop lang-got lang-akk lang-sux lang-egy lang-peo lang-goh lang-gmh lang-odt
    lang-mul lang-sla lang-orv lang-hit lang-uga lang-phn lang-xcl lang-ota lien trad bdi mathcal overline serif
    sans-serif hidden_text as_written citation_needed_span cn-span fact_span clarify_span disputed_span

    formatnum enS frS laS grcS elS ruS arS heS jaS esS itS ptS plS csS nlS daS svS trS polytonisch normalisation
    référence_nécessaire refnec référence_souhaitée refsou nb num citation_étrangère lien
    esd versalita fmtn citazione_necessaria senza_fonte chiarire TA szám число comment
    要出典範囲 いつ範囲 誰範囲 仮リンク ルビ snamei sname lang-en-short lang-fr-short lang-de-short lang-la-short
    link-en link-ja link-de link-fr link-ru link-ko link-es link-it le
    """,
    (ARG, 2): """
    script lang langx lang2 color colour fontcolor font_color font hs langue sort llang cizojazyčně cj vjazyce2 dil
    """,
    (LAST, 0): "IPA IPA-all transl transliteration translit lang_unicode wikt-lang tsl",
    (QUOTE, 1): """
    quote blockquote cquote quotation bquote poemquote poem_quote verse_translation centered_pull_quote
    pull_quote citation_bloc zitat zitat-en zitat-fr zitat-la citazione citação2 citaat cytat цитата citat sitat
    sitaatti lainaus citát idézet alıntı اقتباس 인용문
    """,
    (NIHONGO, 0): "nihongo nihongo4 読み仮名 読み仮名_ruby不使用",
    (FRACTION, 0): "frac fraction sfrac bruch",
    (UNIT, 0): "unité unité/2 unidad unitat",
    (VALUE, 1): "val",
    (CONVERT, 0): "convert cvt conv",
    (DATE, 1): """
    start_date birth_date birth-date birth_date_and_age start_date_and_age end_date end_date_and_age death_date
    bda dda death_date_and_age film_date date dts start-date end-date death-date birth-date_and_age
    death-date_and_age date- date_de_naissance date_de_décès
    """,
    (SHIP, 0): """
    HMS USS SS MS MV RMS HMAS HMCS HMNZS HMIS HDMS HNoMS HSwMS INS ORP ROKS USNS USAT USCGC USRC PS TSS SMS MT
    MY GTS RFA USAV HNLMS TCG KRI BRP BAP ARA FS
    """,
}
_JOINED = {  # (between the arguments, after them)
    (", ", ""): "hlist ubl unbulleted_list ublist flat_list cslist comma_separated_entries",
    ("\n- ", ""): "bulleted_list bulletlist unordered_list ordered_list",
    ("", ""): "chem linktext noparse s-",
    (" ", ""): "ship first_last sortname nombre",
    ("-class ", ""): "sclass sclass2",
    (" / ", ""): "ruby ruby-ja ruby-ko",
    (" h ", ""): "heure",
}
_AFFIXED = {  # (prefix, suffix)
    ("c. ", ""): "circa c. ca.",
    ("fl. ", ""): "floruit fl.",
    ("r. ", ""): "reign r.",
    ("As of ", ""): "as_of asof",
    ("lit. '", "'"): "lit literal_translation literally",
    ("'", "'"): "gloss",
    ("×10^", ""): "e esp",
    ("US$", ""): "US$ USD",
    ("A$", ""): "A$ AUD",
    ("CA$", ""): "CA$ C$ CAD",
    ("£", ""): "GBP £",
    ("€", ""): "EUR €",
    ("₹", ""): "INR ₹ indian_rupee",
    ("¥", ""): "JPY ¥ CNY",
    ("₽", ""): "RUB ₽",
    ("₩", ""): "KRW",
    ("₱", ""): "PHP",
    ("⟨", "⟩"): "angbr angle_bracket",
    ("|", "|"): "abs",
    ("√", ""): "radic sqrt",
    ("^", ""): "sup",
    ("No. ", ""): "numero",
    ("", "°"): "deg",
    ("", " [sic]"): "sic",
    ("", " m"): "höhe",
    ("« ", " »"): "guil citation",
    ("– ", " –"): "incise",
    ("no ", ""): "numéro n°",
    ("siglo ", ""): "siglo",
    ("século ", ""): "séc",
    ("", " a. C."): "a._C. aC",
    ("", " d. C."): "d._C. dC",
}
_ROMAN = "II III IV V VI VII VIII IX X XI XII XIII XIV XV XVI XVII XVIII XIX XX XXI"
_LITERALS = {
    **{f"{number}e siècle": f"{number}e_siècle" for number in _ROMAN.split()},
    **{f"{number}e": f"{number}e" for number in _ROMAN.split()},
    "Ier siècle": "Ier_siècle",
    "Ier": "Ier",
    "1er": "1er",
    "1re": "1re",
    " – ": "snd spnd spndash space_en_dash spaced_ndash spaced_en_dash dash snds sndash -",
    "–": "ndash en_dash nbndash –",
    "—": "mdash em_dash —",
    " — ": "spaced_mdash spaced_em_dash",
    " · ": "· • dot bull bullet middot interpunct dotsep bold_middot ·w •w",
    "'": "' apostrophe '-",
    "'s": "'s",
    '"': "' \" \"'",
    "|": "! pipe",
    "||": "!!",
    "=": "= equals",
    " ": "nbsp space sp pad thin_space thinsp spaces nnbsp hair_space",
    "×": "times ×",
    "±": "± plus_minus",
    "−": "minus −",
    "[": "bracket",
    "{": "(",
    "}": ")",
    "{{": "((",
    "}}": "))",
    "°C": "°C",
    "°F": "°F",
    "π": "pi",
    "…": "ellipsis ...",
    "♯": "sharp music_sharp",
    "♭": "flat music_flat",
    "♮": "natural",
    "†": "dagger †",
    "‡": "double-dagger ‡",
    "✓": "tick check_mark aye ya",
    "✗": "cross x_mark nay na",
    "ʻ": "okina ʻokina",
    "ʾ": "hamza",
    "ʿ": "ayin",
    "CO2": "co2",
    "H2O": "h2o",
}
MAGIC_WORDS = """
TOC NOTOC FORCETOC NOEDITSECTION NEWSECTIONLINK NONEWSECTIONLINK NOGALLERY HIDDENCAT NOINDEX INDEX STATICREDIRECT
NOTITLECONVERT NOTC NOCONTENTCONVERT NOCC DISAMBIG EXPECTUNUSEDCATEGORY EXPECTUNUSEDTEMPLATE NOGLOBAL END START
EXPECTED_UNCONNECTED_PAGE ARCHIVEDTALK NOTALK INHALTSVERZEICHNIS KEIN_INHALTSVERZEICHNIS SOMMAIRE AUCUNSOMMAIRE
SANSTDM TDC NOTDC INDICE NOINDICE SPIS
"""
_UNITS = {
    "c": "°C", "f": "°F", "k": "K", "km2": "km²", "m2": "m²", "cm2": "cm²", "mm2": "mm²", "km3": "km³", "m3": "m³",
    "cm3": "cm³", "mm3": "mm³", "sqmi": "sq mi", "sqft": "sq ft", "sqin": "sq in", "sqyd": "sq yd", "cuft": "cu ft",
    "cuin": "cu in", "cumi": "cu mi", "cuyd": "cu yd", "m/s2": "m/s²", "ftlbf": "ft·lbf", "lbft": "lb·ft", "nm": "nm",
    "nmi": "nmi", "um": "μm", "impgal": "imp gal", "usgal": "US gal", "longton": "long tons", "shortton": "short tons",
    "lt": "long tons", "st": "short tons", "t": "t", "lk": "lk", "ch": "ch", "foot": "ft", "feet": "ft", "mile": "mi",
    "miles": "mi", "metre": "m", "meter": "m", "metres": "m", "meters": "m", "kilometre": "km", "kilometres": "km",
    "kilometer": "km", "kilometers": "km", "pound": "lb", "pounds": "lb", "inch": "in", "inches": "in", "acre": "acres",
}  # fmt: skip
CONNECTORS = "à et - – and or to x × by * + & to(-) +/- ± , and(-) about"
MONTHS = "January February March April May June July August September October November December"


class Names(NamedTuple):
    """The tables: sorted hashes of folded names (see name_hash), and the meaning of each name.

    literals has all texts that a kernel may write, one after the other. Other tables refer to ranges of it.
    """

    tags: Hashes
    tag_actions: Longs
    templates: Hashes
    renders: Longs  # (templates, 6): kind, argument, start and end of the prefix, start and end of the suffix
    entities: Hashes
    points: Longs
    magic: Hashes
    media: Hashes
    languages: Hashes
    units: Hashes
    unit_texts: Longs  # (units, 2): start and end
    months: Longs  # (13,): starts of the 12 names, and the end of the last
    connectors: Hashes
    keys: Hashes  # not sorted: text, quote, author, e, ul, u, and two that are not used
    literals: Bytes


def name_hash(name: str | bytes) -> int:
    """Returns the 64-bit FNV-1a hash of a wikitext name, folded: ASCII letters in lower case, `_` as a space."""
    coded = name.encode() if isinstance(name, str) else name
    value = 0xCBF29CE484222325
    for byte in coded.lower().replace(b"_", b" "):
        value = ((value ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return value


class _Pool:
    """Collects literals, one after the other."""

    def __init__(self) -> None:
        self.content = bytearray()

    def add(self, text: str) -> tuple[int, int]:
        start = len(self.content)
        self.content += text.encode()
        return start, len(self.content)


def _templates(pool: _Pool) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}

    def add(names: str, kind: int, argument: int, prefix: str = "", suffix: str = "") -> None:
        render = [kind, argument, *pool.add(prefix), *pool.add(suffix)]
        for name in names.split():
            # MediaWiki ignores the case of the first letter
            for form in (name, name[0].upper() + name[1:], name[0].lower() + name[1:]):
                found.setdefault(name_hash(form), render)

    add(" ".join(f"lang-{code}" for code in LANGUAGE_CODES), ARG, 1)
    for (kind, argument), names in _ARGUMENTS.items():
        add(names, kind, argument)
    for (between, after), names in _JOINED.items():
        add(names, JOIN, 0, between, after)
    for (prefix, suffix), names in _AFFIXED.items():
        add(names, ARG, 1, prefix, suffix)
    for literal, names in _LITERALS.items():
        add(names, LITERAL, 0, literal)
    return found


def _table(pairs: Mapping[int, int | Sequence[int]]) -> tuple[Hashes, Longs]:
    """Returns (sorted hashes, their values)."""
    keys = sorted(pairs)
    values = np.array([pairs[key] for key in keys], dtype=np.int64)
    return frozen(np.array(keys, dtype=np.uint64)), frozen(values)


def _set(names: Iterable[str]) -> Hashes:
    return frozen(np.array(sorted({name_hash(name) for name in names}), dtype=np.uint64))


@cache
def names() -> Names:
    """Returns the tables of wikitext's tags, templates, namespaces and magic words, built once per process."""
    pool = _Pool()
    tags = _table({name_hash(name): action for action, tags in _TAGS.items() for name in tags.split()})
    templates = _table(_templates(pool))
    entities = _table({_exact(name): ord(html5[f"{name};"]) for name in (*name2codepoint, "apos")})
    units = _table({name_hash(unit): pool.add(text) for unit, text in _UNITS.items()})
    months = [len(pool.content)]
    for month in MONTHS.split():
        months.append(pool.add(month)[1])
    keys = [name_hash(key) for key in ("text", "quote", "author", "e", "ul", "u", "1", "source")]
    return Names(
        *tags, *templates, *entities,
        _set(MAGIC_WORDS.split()), _set(MEDIA_NAMES), _set(LANGUAGE_CODES), *units,
        frozen(np.array(months, dtype=np.int64)),
        _set(CONNECTORS.split()),
        frozen(np.array(keys, dtype=np.uint64)),
        frozen(np.frombuffer(bytes(pool.content), dtype=np.uint8)),
    )  # fmt: skip


def _exact(name: str) -> int:
    """Returns the same hash as name_hash without folding, because &Alpha; and &alpha; differ."""
    value = 0xCBF29CE484222325
    for byte in name.encode():
        value = ((value ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return value
