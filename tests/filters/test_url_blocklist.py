"""Lists in files and folders, the pages that each rule drops, and the messages about bad lists."""

import gzip
import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenmill.core.columns import documents
from tokenmill.core.errors import DataError, RecipeError
from tokenmill.filters._url_lists import loaded
from tokenmill.filters.url_blocklist import UrlBlocklist, registered_domain
from tokenmill.pipeline.planning.fingerprint import work_fingerprint


def judged(work: UrlBlocklist, *urls: str | None) -> Any:
    rows = range(len(urls))
    return work(documents({"id": [f"{row}" for row in rows], "url": urls, "text": ["x"] * len(urls)}))


def rules(work: UrlBlocklist, *urls: str | None) -> list[str | None]:
    """Returns for each page the rule that drops it, or None."""
    out = judged(work, *urls)
    marks = out.column("drop_rule").to_pylist() if "drop_rule" in out.schema.names else [None] * len(urls)
    return [mark and mark.removeprefix("url_blocklist.") for mark in marks]


def signal(work: UrlBlocklist, name: str, *urls: str | None) -> list[Any]:
    found: list[Any] = judged(work, *urls).column(f"url_blocklist.{name}").to_pylist()
    return found


@pytest.fixture
def ut1(tmp_path: Path) -> str:
    files = {
        "adult/domains": b"Bad.com\r\n# ours\n\n192.0.2.7\nb\xc3\xbccher.de\nnot a host\n",
        "adult/urls": b"",
        "adult/expressions": b"(.*)porn",
        "malware/urls.gz": gzip.compress(b"good.com/Virus.exe\n"),
        "malware/domains.gz": gzip.compress(b"bad.com\nx.y.evil.org\n"),
        "empty/usage": b"black",
        "blank/domains": b"# nothing\n\n",
        "latin/domains": b"a.com\ncaf\xe9.fr\n",
    }
    for name, content in files.items():
        path = tmp_path / "ut1" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return str(tmp_path / "ut1")


def test_categories_are_read_as_ut1_lays_them_out(ut1: str, caplog: pytest.LogCaptureFixture) -> None:
    work = UrlBlocklist(folder=ut1, categories=("adult", "malware"), domains=("evil.net",))
    urls = [
        "http://www.bad.com/", "http://192.0.2.7/", "http://BÜCHER.de", "https://z.x.y.evil.org", "http://y.evil.org",
        "https://www.good.com/Virus.exe?gclid=1", "http://good.com/virus.exe", "http://evil.net", "http://porn.org",
        None,
    ]  # fmt: skip
    wanted = ["domain", "domain", "domain", "subdomain", None, "url", None, "domain", None, None]
    assert rules(work, *urls) == wanted
    categories = ["adult", "adult", "adult", "malware", None, "malware", None, "domains", None, None]
    assert signal(work, "category", *urls) == categories
    assert "1 lines are not host names and block nothing; the first is 'not a host'" in caplog.text


def test_word_lists_are_read_from_files(tmp_path: Path) -> None:
    for kind, content in {
        "hard_words": "Foo-Bar\nпорно\n",
        "soft_words": "one\ntwo\nthree",
        "subwords": "CASINO",
    }.items():
        (tmp_path / kind).write_text(content, encoding="utf-8")
    files = {f"{kind}_file": str(tmp_path / kind) for kind in ("hard_words", "soft_words", "subwords")}
    work = UrlBlocklist(**files)
    urls = ["a.org/FOOBAR", "a.org/foo-bar", "a.org/%D0%9F%D0%BE%D1%80%D0%BD%D0%BE", "one.two.org", "one.one.org"]
    urls += ["http://my-ca.si/no", "a.org/casin", None]
    assert rules(work, *urls) == ["hard_word", None, "hard_word", "soft_words", None, "subword", None, None]
    assert signal(work, "hard_word", *urls)[:3] == ["foobar", None, "порно"]
    assert signal(work, "n_soft_words", *urls) == [0, 0, 0, 2, 1, 0, 0, None]


def test_a_subword_does_not_begin_in_the_scheme() -> None:
    work = UrlBlocklist(subwords=("sex", "httpa"), hard_words=("https",))
    assert rules(work, "https://example.com", "http://a.org", "http://a.org/sex") == [None, None, "subword"]


def test_the_first_rule_wins_and_the_record_names_what_was_found() -> None:
    work = UrlBlocklist(domains=("bad.com", "a.bad.com"), hard_words=("bad",), soft_words=("com", "a"))
    out = judged(work, "http://b.A.bad.com/")
    names = ("drop_rule", "drop_measured", "url_blocklist.subdomain", "url_blocklist.hard_word")
    found = [out.column(name)[0].as_py() for name in names]
    assert found == ["url_blocklist.domain", "bad.com", "a.bad.com", "bad"]


def test_null_switches_a_rule_off_and_keep_takes_off_the_list() -> None:
    lists = {
        "domains": ("bad.com", "a.evil.com"),
        "urls": ("x.org/u",),
        "hard_words": ("foo", "bar"),
        "subwords": ("xyz",),
    }
    urls = ("bad.com", "b.a.evil.com", "x.org/u", "x.org/foo", "x.org/foo/bar", "x-y.z.org")
    assert rules(UrlBlocklist(**lists), *urls) == ["domain", "subdomain", "url", "hard_word", "hard_word", "subword"]
    kinds = ("domains", "subdomains", "urls", "hard_words", "subwords")
    off = UrlBlocklist(**lists, **{f"keep_{kind}": None for kind in kinds}, max_soft_words=None)
    assert rules(off, *urls) == [None] * 6 and signal(off, "domain", *urls)[0] == "bad.com"
    kept = {"keep_domains": ("BAD.com",), "keep_subdomains": ("a.evil.com.",), "keep_urls": ("http://x.org/u",)}
    kept |= {"keep_hard_words": ("Foo",), "keep_subwords": ("XYZ",)}
    assert rules(UrlBlocklist(**lists, **kept), *urls) == [None, None, None, None, "hard_word", None]


def test_a_public_suffix_on_a_list_blocks_no_site_below_it() -> None:
    work = UrlBlocklist(domains=("com", "co.uk", "github.io", "localhost"))
    urls = ("a.com", "a.co.uk", "co.uk", "me.github.io", "localhost:8080/x", "a.localhost")
    assert rules(work, *urls) == [None, None, "domain", "domain", "domain", None]


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("a.b.example.co.uk", "example.co.uk"),
        ("example.co.uk", "example.co.uk"),
        ("co.uk", "co.uk"),
        ("me.github.io", "github.io"),
        ("1.2.3.4", "1.2.3.4"),
        ("[::1]", "[::1]"),
        ("a.b.unlisted-tld", "b.unlisted-tld"),
        ("localhost", "localhost"),
        ("x.xn--bcher-kva.xn--p1ai", "xn--bcher-kva.xn--p1ai"),
    ],
)
def test_the_registered_domain_is_what_the_public_suffix_list_says(host: str, domain: str) -> None:
    assert registered_domain(host) == domain


LABELS = st.sampled_from(["a", "b", "com", "co", "uk", "x-y"])
HOSTS = st.lists(LABELS, min_size=1, max_size=5).map(".".join)


@settings(max_examples=25, deadline=None)
@given(st.lists(HOSTS, min_size=1, max_size=5), st.lists(HOSTS, max_size=10))
def test_hosts_are_judged_as_by_the_plain_twin(listed: list[str], asked: list[str]) -> None:
    def plain(host: str) -> str | None:
        site, parents = registered_domain(host), [host.split(".", n)[-1] for n in range(host.count(".") + 1)]
        names = [name for name in parents if name in listed and name.endswith(site)]
        return "domain" if site in names else "subdomain" if names else None

    assert rules(UrlBlocklist(domains=tuple(listed)), *asked) == [plain(host) for host in asked]


PATHS = st.text(alphabet="ab/?=&.%2é\\@:# \n", max_size=8)
PAGES = st.builds(
    lambda *parts: "".join(parts),
    st.sampled_from(["http://", "https:\\\\", "", "//", " HTTP://u@w@"]),
    st.sampled_from(["a.org", "WWW.a.org", "www.www.a.org", "é.org", "192.0.2.1", "[::1]", "b.org:80", "b.org:8080"]),
    PATHS,
)


@settings(max_examples=25, deadline=None)
@given(PAGES)
def test_a_listed_url_drops_itself_whatever_it_is_like(url: str) -> None:
    """The filter compares only pages of listed hosts; this loses no listed URL."""
    line = " ".join(url.split())
    try:
        work = UrlBlocklist(urls=(line,))
    except RecipeError as error:
        assert "expected an address with a host" in str(error)
    else:
        assert rules(work, line, f" {line}\t") == ["url", "url"]


@settings(max_examples=12, deadline=None)
@given(st.lists(st.one_of(st.none(), st.text(max_size=40), PAGES), max_size=8))
def test_hostile_urls_are_judged_alike_alone_and_together(urls: list[str | None]) -> None:
    assert rules(UrlBlocklist.example(), *urls) == [rules(UrlBlocklist.example(), url)[0] for url in urls]


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({}, "url_blocklist: found no list, expected folder with categories, or one of domains, domains_file, urls"),
        ({"folder": "ut1"}, "found folder 'ut1' with categories .*, expected both"),
        ({"categories": ("adult",)}, "found folder None with categories .*, expected both"),
        ({"domains": "a.org"}, "url_blocklist.domains: found 'a.org', expected a list"),
        ({"domains": ("http://a.org",)}, "url_blocklist.domains: found 'http://a.org', expected a host name"),
        ({"domains": ("a.org",), "keep_domains": ("/",)}, "url_blocklist.keep_domains: found '/', expected a host"),
        ({"urls": ("http://",)}, "url_blocklist.urls: found 'http://', expected an address with a host"),
        ({"hard_words": ("--",)}, "url_blocklist.hard_words: found '--', expected an entry with a letter or digit"),
        ({"soft_words": ("a",), "max_soft_words": -1}, "url_blocklist.max_soft_words: found -1"),
    ],
)  # fmt: skip
def test_a_bad_setting_is_refused_by_name(settings: dict[str, Any], told: str) -> None:
    with pytest.raises(RecipeError, match=told):
        UrlBlocklist(**settings)


@pytest.mark.parametrize(
    ("categories", "told"),
    [
        (("adlut",), "categories: found 'adlut', which is not a folder in .*; did you mean 'adult'"),
        (("empty",), r"categories: found \['usage'\] in .*empty', expected a file `domains` or `urls`"),
        (("blank",), "categories: .*blank/domains' has no entries"),
        (("adult", "latin"), "categories: .*latin/domains' is not UTF-8 in line 2"),
    ],
)
def test_a_bad_category_is_refused_by_name(ut1: str, categories: tuple[str, ...], told: str) -> None:
    with pytest.raises(RecipeError, match=told):
        UrlBlocklist(folder=ut1, categories=categories)
    with pytest.raises(RecipeError, match=r"folder: '.*nowhere' has no folders"):
        UrlBlocklist(folder=f"{ut1}/nowhere", categories=categories)


@pytest.mark.parametrize("kind", ["domains", "urls", "hard_words", "soft_words", "subwords"])
def test_a_bad_file_is_refused_by_name(tmp_path: Path, kind: str) -> None:
    setting, path = f"{kind}_file", tmp_path / "list.txt"
    with pytest.raises(RecipeError, match=f"url_blocklist.{setting}: '.*list.txt' cannot be read"):
        UrlBlocklist(**{setting: str(path)})
    for content, told in ((b"# none\n", "has no"), (b"caf\xe9.fr\n", "is not UTF-8 in line 1")):
        path.write_bytes(content)
        with pytest.raises(RecipeError, match=f"url_blocklist.{setting}: '.*list.txt' {told}"):
            UrlBlocklist(**{setting: str(path)})
    broken = tmp_path / "list.gz"
    broken.write_bytes(gzip.compress(b"a.org\n")[:-9])
    with pytest.raises(RecipeError, match=f"url_blocklist.{setting}: '.*list.gz' cannot be read"):
        UrlBlocklist(**{setting: str(broken)})


def test_another_list_is_another_fingerprint_and_one_changed_behind_the_run_is_an_error(tmp_path: Path) -> None:
    path, prints = tmp_path / "list.txt", set()
    for content in ("a.org", "b.org"):
        path.write_text(content)
        work = UrlBlocklist(domains_file=str(path))
        prints.add(work_fingerprint([work], [], mark_only=False, excerpt=0))
    assert len(prints) == 2
    work = pickle.loads(pickle.dumps(work))
    path.write_text("c.org")
    assert rules(work, "b.org", "c.org") == ["domain", None]  # the list was read before the change
    loaded.cache_clear()
    with pytest.raises(DataError, match=r"list.txt' has changed since the recipe was read"):
        rules(work, "b.org")
