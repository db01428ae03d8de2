"""Drops pages by their address: listed domains, hosts and URLs, and words in the address.

The rules are those of FineWeb (Penedo et al. 2024, datatrove's URLFilter), which come from RefinedWeb (Penedo et al.
2023, appendix G.1). You give the lists, such as those of UT1 (Université Toulouse Capitole). The filter differs from
datatrove 0.10.1 in these classes:

| class | example | datatrove | here |
|---|---|---|---|
| upper case | `/PORN/`, listed `Example.com` | kept | dropped |
| parents below the registered domain | `b.a.x.com`, listed `a.x.com` | kept | dropped |
| addresses instead of names | `http://192.0.2.1/`, `http://3221225985/` | kept | dropped, if `192.0.2.1` is listed |
| percent codes | `/my%20porn`, in which datatrove finds the word `20porn` | kept | dropped |
| letters beyond ASCII | `/порно`, `bücher.de` as `xn--bcher-kva.de` | kept | dropped |
| another spelling of a URL | `https` for `http`, `www.`, tracking parameters | kept | dropped |
| subwords that begin in the scheme | `https://example.com` has `sex` | dropped | kept |
| a page without URL | | fails | kept |

Measured on one core of an AMD EPYC: 5 million domains, 100,000 URLs (89 MB) and 800 words load in 3 to 5 s into 165 MB
of arrays (33 bytes per domain). The process grows by 340 MB, and temporarily by up to 385 MB during the reading. The
filter judges 410,000 URLs per second if it drops 5 % of them, and 180,000 to 240,000 if it drops 22 %, because it
records each drop.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from typing import Any, ClassVar, Self

import numpy as np
import pyarrow as pa
from tldextract import TLDExtract

from tokenmill.core.errors import RecipeError
from tokenmill.core.rules import Rule, check_bounds, check_lists, judge, signal_columns
from tokenmill.filters._url_lists import KINDS, Kept, ListFile, Lists, category_files, list_file, loaded
from tokenmill.text.url.hosts import Hosts, clean_host, hosts, is_number, without_www
from tokenmill.text.url.name_set import MOST_LABELS, find_names, find_parents
from tokenmill.text.url.urls import address_keys
from tokenmill.text.url.words import as_word, count_words, readable, run_together
from tokenmill.text.words.segment import string_buffer

Found = dict[int, str]


@dataclass(frozen=True)
class UrlBlocklist:
    """Drops pages whose `url` is listed or contains listed words; a page without a URL is kept.

    At least one list is required. Lists are UTF-8 files with one entry per line, gzipped if the name ends in `.gz`;
    lines that begin with `#` are comments. Case and percent encoding make no difference. Words are not searched in the
    scheme. The keep_* settings list entries that do not drop a page; None switches the rule off, and its signal is
    still measured. If you ask `what-if` for longer keep_* lists, its answer is an upper bound, because a page may
    contain two listed words.

    The signals are: `domain`, the page's registered domain if it is listed; `subdomain`, the longest listed name below
    it; `url`, the listed URL in normalized form; `category`, the category or setting that lists them; `hard_word`, the
    first hard word; `n_soft_words`, the number of different soft words; `subword`, the subword that ends first.

    Attributes:
        folder: path or URL of a folder in UT1's layout: one folder per category, with the files `domains` and `urls`.
            UT1's `expressions` are not read, because they are regular expressions for a proxy. Default none.
        categories: the categories to use, required with `folder`. Default none.
        domains: host names and IP addresses. Each stands for itself and for all hosts below it, but a public suffix
            (`co.uk`, by the list in tldextract; hosting sites such as `github.io` are not suffixes) does not stand for
            the sites below it. Default none.
        urls: whole addresses. Addresses are equal if they differ only in the scheme or in parts that make no difference
            to stages.url_dedup. Default none.
        hard_words: a page is dropped if its address contains one of these as a whole word. Default none.
        soft_words: a page is dropped if its address contains more than max_soft_words different ones of these words.
            Default none.
        subwords: a page is dropped if its address contains one of these, also inside a word; only the letters and
            digits of the address are compared. Default none.
        domains_file: path or URL of a file with more domains. Lines that are not host names are logged and ignored.
            Default none.
        urls_file: path or URL of a file with more urls. Default none.
        hard_words_file: path or URL of a file with more hard_words. Default none.
        soft_words_file: path or URL of a file with more soft_words. Default none.
        subwords_file: path or URL of a file with more subwords. Default none.
        keep_domains: listed domains that do not drop a page. Default none.
        keep_subdomains: listed names below registered domains that do not drop a page. Default none.
        keep_urls: listed URLs that do not drop a page. Default none.
        keep_hard_words: hard words that do not drop a page. Default none.
        max_soft_words: largest number of different soft words in the address of a page that is kept, 0 or more. Default
            1.
        keep_subwords: subwords that do not drop a page. Default none.
    """

    folder: str | None = None
    categories: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()
    hard_words: tuple[str, ...] = ()
    soft_words: tuple[str, ...] = ()
    subwords: tuple[str, ...] = ()
    domains_file: str | None = None
    urls_file: str | None = None
    hard_words_file: str | None = None
    soft_words_file: str | None = None
    subwords_file: str | None = None
    keep_domains: tuple[str, ...] | None = ()
    keep_subdomains: tuple[str, ...] | None = ()
    keep_urls: tuple[str, ...] | None = ()
    keep_hard_words: tuple[str, ...] | None = ()
    max_soft_words: int | None = 1
    keep_subwords: tuple[str, ...] | None = ()

    RULES: ClassVar[dict[str, Rule]] = {
        "domain": Rule("domain", one_of="keep_domains"),
        "subdomain": Rule("subdomain", one_of="keep_subdomains"),
        "url": Rule("url", one_of="keep_urls"),
        "hard_word": Rule("hard_word", one_of="keep_hard_words"),
        "soft_words": Rule("n_soft_words", high="max_soft_words"),
        "subword": Rule("subword", one_of="keep_subwords"),
    }
    SIGNALS: ClassVar[tuple[str, ...]] = (
        "domain", "subdomain", "url", "category", "hard_word", "n_soft_words", "subword",
    )  # fmt: skip
    reads: ClassVar[tuple[str, ...]] = ("url",)
    adds: ClassVar[tuple[str, ...]] = signal_columns("url_blocklist", *SIGNALS)

    EXAMPLES: ClassVar[list[tuple[dict[str, object], str | None]]] = [
        ({"url": None}, None),
        ({"url": "https://good.example/page"}, None),
        ({"url": "https://www.BAD.co.uk./page"}, "domain"),
        ({"url": "http://192.0.2.1:8080/"}, "domain"),
        ({"url": "https://good.co.uk/bad.co.uk"}, None),
        ({"url": "https://www.pics.host.example/"}, "subdomain"),
        ({"url": "https://host.example/"}, None),
        ({"url": "https://host.example/~me/?utm_source=x#top"}, "url"),
        ({"url": "https://host.example/~me/more"}, None),
        ({"url": "https://host.example/SPAM%2Feggs"}, "hard_word"),
        ({"url": "https://host.example/spammer"}, None),
        ({"url": "https://host.example/win-a-prize"}, "soft_words"),
        ({"url": "https://host.example/win-win"}, None),
        ({"url": "https://ca-si-no.example/"}, "subword"),
    ]

    @classmethod
    def example(cls) -> Self:
        return cls(
            domains=("bad.co.uk", "pics.host.example", "192.0.2.1", "co.uk"),
            urls=("http://host.example/~me/",),
            hard_words=("spam",),
            soft_words=("win", "prize"),
            subwords=("casino",),
        )

    def __post_init__(self) -> None:
        check_bounds(self)
        check_lists(self, "categories", *KINDS, *(name for name in vars(self) if name.startswith("keep_")))
        if bool(self.folder) != bool(self.categories):
            raise RecipeError(
                f"url_blocklist: found folder {self.folder!r} with categories {list(self.categories)}, expected both "
                "or neither, such as folder: lists/ut1 with categories: [adult, malware]"
            )
        if not (self._files or any(self._entries)):
            raise RecipeError(
                "url_blocklist: found no list, expected folder with categories, or one of "
                + ", ".join(f"{kind}, {kind}_file" for kind in KINDS)
            )
        for setting in ("keep_domains", "keep_subdomains"):
            for name in getattr(self, setting) or ():
                if not clean_host(name.encode(errors="replace")):
                    raise RecipeError(f"url_blocklist.{setting}: found {name!r}, expected a host name")
        self._lists()

    def file_checksums(self) -> dict[str, str]:
        """Returns {path: SHA-256 of the list file}, for the fingerprint."""
        return {file.path: file.sha256 for file in self._files}

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        lists, urls = self._lists(), batch.column("url")
        signals = {**self._by_name(lists, urls), **self._by_words(lists, urls)}
        return judge(batch, self, {name: signals[name] for name in self.SIGNALS})

    @cached_property  # pickled with the filter, so that workers notice if a file has changed
    def _files(self) -> tuple[ListFile, ...]:
        found = tuple(category_files(self.folder, self.categories)) if self.folder else ()
        paths = {kind: getattr(self, f"{kind}_file") for kind in KINDS}
        single = (list_file(kind, f"{kind}_file", f"{kind}_file", path) for kind, path in paths.items() if path)
        return (*found, *single)

    @property
    def _entries(self) -> tuple[tuple[str, ...], ...]:
        return tuple(tuple(getattr(self, kind)) for kind in KINDS)

    def _lists(self) -> Lists:
        keep_hard, keep_sub = (_as_words(kept or ()) for kept in (self.keep_hard_words, self.keep_subwords))
        return loaded(self._files, self._entries, keep_hard, keep_sub)

    def _by_name(self, lists: Lists, urls: pa.Array) -> dict[str, pa.Array]:
        """Returns the signals domain, subdomain, url, category."""
        keep, keep_below = _clean(self.keep_domains or ()), _clean(self.keep_subdomains or ())
        found, _ = hosts(*string_buffer(urls))
        domain, subdomain = _listed_hosts(lists, found, keep, keep_below)
        url = _listed_urls(lists, urls, found, _keys(self.keep_urls or ()))
        category = {
            **_groups(lists, lists.urls, url),
            **_groups(lists, lists.domains, subdomain),
            **_groups(lists, lists.domains, domain),
        }
        signals = {"domain": domain, "subdomain": subdomain, "url": url, "category": category}
        return {name: _column(values, len(urls)) for name, values in signals.items()}

    def _by_words(self, lists: Lists, urls: pa.Array) -> dict[str, pa.Array]:
        """Returns the signals hard_word, n_soft_words, subword."""
        buffer, offsets = readable(*string_buffer(urls))
        firsts, counts = count_words(buffer, offsets, lists.hard, lists.soft)
        hard = {row: lists.hard_words[firsts[row]] for row in np.flatnonzero(firsts >= 0).tolist()}
        return {
            "hard_word": _column(hard, len(urls)),
            "n_soft_words": pa.array(counts, mask=urls.is_null().to_numpy(zero_copy_only=False)),
            "subword": _column(_subwords(lists, *run_together(buffer, offsets)), len(urls)),
        }


def registered_domain(host: str) -> str:
    """Returns the registered domain of a host: one label and the public suffix.

    Returns an IP address or a public suffix unchanged. A top-level domain that is not in the public suffix list counts
    as a suffix.
    """
    if is_number(host):
        return host
    parts = _suffixes()(host)
    if not parts.suffix:
        return ".".join(host.split(".")[-2:])
    return f"{parts.domain}.{parts.suffix}" if parts.domain else host


@cache
def _suffixes() -> TLDExtract:
    return TLDExtract(cache_dir=None, suffix_list_urls=())  # the list in the package needs no network


def _listed_hosts(lists: Lists, found: Hosts, keep: Kept, keep_below: Kept) -> tuple[Found, Found]:
    """Returns (the registered domain if it is listed, the longest listed name below it), each by row."""
    bits = find_parents(lists.domains, *found)
    domain: Found = {}
    subdomain: Found = {}
    for row in np.flatnonzero(bits).tolist():
        at, below = _of_host(found.name(row), int(bits[row]), keep, keep_below)
        if at:
            domain[row] = at
        if below:
            subdomain[row] = below
    return domain, subdomain


@lru_cache(maxsize=1 << 14)
def _of_host(host: str, bits: int, keep: Kept, keep_below: Kept) -> tuple[str, str]:
    """Returns (the registered domain if it is listed, the longest listed name below it), or "" for each. bits: the
    result of find_parents() for the host.
    """
    site = registered_domain(host)
    labels = [host] if site == host else host.split(".")
    least = 1 if site == host else site.count(".") + 1
    if site == host:
        bits >>= host.count(".")
    names = [".".join(labels[-n:]) for n in range(min(len(labels), MOST_LABELS), least - 1, -1) if bits >> (n - 1) & 1]
    at = site if site in names and site not in keep else ""
    return at, next((name for name in names if name != site and name not in keep_below), "")


def _listed_urls(lists: Lists, urls: pa.Array, found: Hosts, keep: Kept) -> Found:
    """Returns the listed URL that each URL equals. Normalizes and compares only URLs on the host of a listed URL."""
    rows = np.flatnonzero(find_names(lists.url_hosts, *without_www(found)) >= 0)
    buffer, offsets = string_buffer(address_keys(urls.take(pa.array(rows))))
    numbers = find_names(lists.urls, buffer, offsets[:-1], offsets[1:])
    listed = {int(rows[at]): lists.urls.name(int(numbers[at])) for at in np.flatnonzero(numbers >= 0)}
    return {row: url for row, url in listed.items() if url not in keep}


def _groups(lists: Lists, names: Any, found: Found) -> Found:
    """Returns the category or setting that lists each name."""
    buffer, offsets = string_buffer(pa.array(list(found.values()), type=pa.large_string()))
    numbers = find_names(names, buffer, offsets[:-1], offsets[1:])
    return {row: lists.groups[group] for row, group in zip(found, names.groups[numbers].tolist(), strict=True)}


def _subwords(lists: Lists, buffer: Any, offsets: Any) -> Found:
    """Returns the subword that ends first in each URL. Searches all at once: no subword contains a newline."""
    if not lists.subwords:
        return {}
    matches = np.array(lists.automaton.find_matches_as_indexes(buffer), dtype=np.int64).reshape(-1, 3)
    rows, firsts = np.unique(np.searchsorted(offsets, matches[:, 1], side="right") - 1, return_index=True)
    return {row: lists.subwords[word] for row, word in zip(rows.tolist(), matches[firsts, 0].tolist(), strict=True)}


def _column(found: Found, rows: int) -> pa.Array:
    values: list[str | None] = [None] * rows
    for row, value in found.items():
        values[row] = value
    return pa.array(values, type=pa.string())


def _clean(names: Iterable[str]) -> Kept:
    return frozenset(clean_host(name.encode(errors="replace")) for name in names)


def _as_words(words: Iterable[str]) -> Kept:
    return frozenset(map(as_word, words))


def _keys(urls: Iterable[str]) -> Kept:
    return frozenset(address_keys(pa.array(list(urls), type=pa.string())).to_pylist())
