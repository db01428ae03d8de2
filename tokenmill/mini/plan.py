"""Plans the crawl: the number of pages of each kind, their languages, and the duplicate groups.

Each share is a share of all pages and is rounded to at least one page, so that 40 pages already have every kind.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from tokenmill.mini.grammar import GRAMMARS
from tokenmill.mini.pii import LOOKALIKES, TYPES
from tokenmill.mini.prose import randomness

SHARES = {
    "spam": 0.03,
    "repetition": 0.03,
    "short": 0.02,
    "boilerplate": 0.02,
    "list_page": 0.02,
    "toxic": 0.03,
    "medical": 0.02,
    "legal": 0.02,
    "poultry": 0.01,
    "code_page": 0.02,
    "not_html": 0.03,
    "not_200": 0.04,
}
FOREIGN, PERSONAL, BENCHMARK = 0.25, 0.06, 0.02  # articles not in English, with personal data, with a test question
EXACT_GROUPS, NEAR_GROUPS = 0.02, 0.03  # groups of three pages and of four pages
SIMILARITIES = ((0.95, 0.85, 0.6), (0.9, 0.75, 0.5))  # of the near-duplicates of a group; groups take turns

ENGLISH_TOPICS = (
    "gardening", "history", "cooking", "astronomy", "travel", "sport", "technology", "music", "wildlife", "economy",
)  # fmt: skip
KIND_TOPICS = {
    "medical": "medicine",
    "legal": "law",
    "poultry": "poultry",
    "toxic": "quarrel",
    "code_page": "technology",
}
FOREIGN_LANGS = tuple(lang for lang in GRAMMARS if lang != "en")
EXACT_LANGS = ("en", "en", "ja", "en", "de", "en", "zh", "en", "fr")
NEAR_LANGS = ("en", "en", "de", "en", "ru", "en", "es")
PERSONAL_LANGS = ("en", "en", "de", "en", "fr", "en", "en", "es")
WITHOUT_PROSE = ("boilerplate", "not_html", "not_200")
LICENCES = ("CC-BY-4.0", "CC-BY-SA-4.0", "CC-BY-SA-3.0", "CC-BY-NC-4.0")


@dataclass(frozen=True)
class Plan:
    """A page to be written. The plan and the seed decide the page; its position in the crawl does not.

    Attributes:
        article: name of the text. Pages of one duplicate group have the same article and differ in `copy`.
        number: number of the page among those of its kind, for choices that take turns (template, encoding).
        target: the wanted similarity of a near-duplicate to the first page of its group.
    """

    kind: str
    article: str
    number: int
    lang: str | None
    topic: str
    copy: int = 0
    group: int | None = None
    target: float | None = None
    pii_types: tuple[str, ...] = ()
    lookalikes: tuple[str, ...] = ()
    benchmark: bool = False
    licence: str | None = None

    @property
    def name(self) -> str:
        """Unique among the pages of a crawl."""
        return f"{self.article}/{self.copy}"

    @property
    def duplicate_kind(self) -> str | None:
        """exact or near; None for a page without duplicates and for the first page of a group."""
        if not self.copy:
            return None
        return "exact" if self.target is None else "near"


def plan_pages(pages: int, seed: int) -> list[Plan]:
    """Returns the plans of all pages of the mini-crawl in their order, which is shuffled."""
    num_exact = _count(EXACT_GROUPS, pages)
    plans = [
        *_kinds(pages),
        *_foreign(max(len(FOREIGN_LANGS), _count(FOREIGN, pages))),
        *_exact(num_exact),
        *_near(max(2, _count(NEAR_GROUPS, pages)), first_group=num_exact),
        *_personal(max(2, _count(PERSONAL, pages))),
        *(replace(_article("en", "benchmark", number), benchmark=True) for number in range(_count(BENCHMARK, pages))),
    ]
    if len(plans) > pages:
        raise ValueError(f"{pages} pages are too few for one of every kind; at least {len(plans)} are needed")
    plans += _plain(pages - len(plans))
    randomness(seed, "order", pages).shuffle(plans)
    return plans


def _count(share: float, pages: int) -> int:
    return max(1, round(share * pages))


def _article(lang: str, name: str, number: int) -> Plan:
    topics = ENGLISH_TOPICS if lang == "en" else tuple(GRAMMARS[lang].topics)
    return Plan("article", f"{name}/{number}", number, lang, topics[number % len(topics)])


def _kinds(pages: int) -> Iterator[Plan]:
    """Yields all pages that are not articles."""
    for kind, share in SHARES.items():
        for number in range(max(2 if kind == "not_200" else 1, _count(share, pages))):
            topic = KIND_TOPICS.get(kind, ENGLISH_TOPICS[number % len(ENGLISH_TOPICS)])
            yield Plan(kind, f"{kind}/{number}", number, None if kind in WITHOUT_PROSE else "en", topic)


def _foreign(num_pages: int) -> Iterator[Plan]:
    """Yields articles in all languages except English, which take turns."""
    for number in range(num_pages):
        lang = FOREIGN_LANGS[number % len(FOREIGN_LANGS)]
        yield replace(_article(lang, lang, number // len(FOREIGN_LANGS)), licence=_licence(number))


def _exact(num_groups: int) -> Iterator[Plan]:
    for group in range(num_groups):
        plan = _article(EXACT_LANGS[group % len(EXACT_LANGS)], "exact", group)
        yield from (replace(plan, group=group, copy=copy) for copy in range(3))


def _near(num_groups: int, *, first_group: int) -> Iterator[Plan]:
    for number in range(num_groups):
        plan = replace(_article(NEAR_LANGS[number % len(NEAR_LANGS)], "near", number), group=first_group + number)
        yield plan
        targets = SIMILARITIES[number % len(SIMILARITIES)]
        yield from (replace(plan, copy=copy, target=target) for copy, target in enumerate(targets, start=1))


def _personal(num_pages: int) -> Iterator[Plan]:
    """Yields articles with three to five types of personal data. English ones also have two look-alikes."""
    for number in range(num_pages):
        lang = PERSONAL_LANGS[number % len(PERSONAL_LANGS)]
        types = tuple(TYPES[(3 * number + i) % len(TYPES)] for i in range(3 + number % 3))
        looks = tuple(LOOKALIKES[(2 * number + i) % len(LOOKALIKES)] for i in range(2)) if lang == "en" else ()
        yield replace(_article(lang, "personal", number), pii_types=types, lookalikes=looks)


def _plain(num_pages: int) -> Iterator[Plan]:
    """Yields English articles without planted values, except for an occasional licence or look-alike."""
    for number in range(num_pages):
        looks = (LOOKALIKES[number // 9 % len(LOOKALIKES)],) if number % 9 == 5 else ()
        yield replace(_article("en", "plain", number), lookalikes=looks, licence=_licence(number))


def _licence(number: int) -> str | None:
    return LICENCES[number // 8 % len(LICENCES)] if number % 8 == 3 else None
