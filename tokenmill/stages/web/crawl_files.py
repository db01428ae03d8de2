"""Finds the files of a published crawl by its lists of paths, in the layout of Common Crawl.

A list (`warc.paths.gz`) has one path per line, relative to the address that all crawls are under. Published crawls do
not change, so files from a list are identified by their names, which saves 90,000 requests for their sizes.
"""

import re

from tokenmill.core.errors import DataError, RecipeError
from tokenmill.core.io import storage
from tokenmill.core.io.compression import DecompressionError, Format, decompress
from tokenmill.core.io.http import GoneError
from tokenmill.core.io.storage import is_url, join
from tokenmill.core.io.url_secrets import shown
from tokenmill.core.kinds import Shard
from tokenmill.stages.reading.inputs import file_shards

PARTS = ("warc", "wet", "wat", "robotstxt", "non200responses")
"""The parts of a crawl. Each has a list of WARC files."""

LISTED = "listed"
"""The etag of a file from a list."""

_LIST = re.compile(r"\.paths(?:\.gz)?$")
_CRAWL = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*(?:/\d{4}/\d\d)?")
_LIST_BYTES = 1 << 28
# approximate bytes of a file, by the folder that it is in
_ABOUT = {"wet": 100 << 20, "wat": 250 << 20, "robotstxt": 2 << 20, "crawldiagnostics": 100 << 20}
_ABOUT_WARC = 1 << 30


def is_list(path: str) -> bool:
    """Returns True if the path is that of a crawl's list of paths, such as `warc.paths.gz`."""
    return _LIST.search(path.partition("?")[0]) is not None


def crawl_list(base: str, crawl: str, part: str) -> str:
    """Returns the address of one of the lists of paths of a published crawl, such as Common Crawl's.

    Raises RecipeError if the crawl's name is malformed.
    """
    if not _CRAWL.fullmatch(crawl):
        raise RecipeError(
            f"crawl: {crawl!r} is not a crawl's name; expected one like CC-MAIN-2026-05 or CC-NEWS/2026/01"
        )
    return join(base, "crawl-data", crawl, f"{part}.paths.gz")


def index_files(base: str, crawl: str) -> list[str]:
    """Returns the files of a published crawl's columnar index that list its successful captures."""
    return [file for file in listed(crawl_list(base, crawl, "cc-index-table"), base) if "/subset=warc/" in file]


def listed(address: str, base: str) -> list[str]:
    """Returns the files that a published crawl's list of paths names, below `base`, in its order.

    Raises RecipeError if there is no such list.
    """
    try:
        content = storage.read_bytes(address)
    except (GoneError, FileNotFoundError) as error:
        raise RecipeError(f"{shown(address)}: there is no such list of paths; is the name right?") from error
    try:
        if content.startswith(Format.GZIP.magic):
            content = decompress(content, Format.GZIP, _LIST_BYTES)
        names = content.decode("utf-8").split()
    except (DecompressionError, UnicodeDecodeError) as error:
        raise DataError(f"{shown(address)}: cannot be read as a list of paths: {error}") from error
    strange = [name for name in names if name.startswith("/") or ".." in name.split("/") or is_url(name)]
    if strange:
        raise DataError(f"{shown(address)}: lists {strange[0]!r}; expected paths below {shown(base)}")
    return [join(base, name) for name in names]


def shards_of(paths: tuple[str, ...], base: str, source: str) -> list[Shard]:
    """Returns one shard per file of a crawl, in the order of the paths (globs, addresses and lists of paths).

    A file counts once.
    """
    found: dict[str, Shard] = {}
    for path in paths:
        shards = _listed_shards(listed(path, base), source) if is_list(path) else file_shards(path, source)
        for shard in shards:
            found.setdefault(shard.file, shard)
    return list(found.values())


def _listed_shards(files: list[str], source: str) -> list[Shard]:
    local = [file for file in files if not is_url(file)]
    if local:
        return [shard for file in local for shard in file_shards(file, source)]
    return [_listed_shard(file, source) for file in files]


def _listed_shard(address: str, source: str) -> Shard:
    file, size = shown(address), _about(address)
    return Shard(0, source, file, 0, size, size, LISTED, address if file != address else "")


def _about(file: str) -> int:
    """Returns the approximate size of a file in bytes, by the folder that it is in."""
    folder = file.rpartition("/")[0].rpartition("/")[2]
    return _ABOUT.get(folder, _ABOUT_WARC)
