"""Caches the results of parsing source files in the user's cache folder: parsing a hundred files takes 0.3 s per start.

An entry belongs to the bytes and the package of a source file. So after an edit the earlier entry is never used, and
neither is one of another version of Python or of the module that parses.
"""

import hashlib
import json
import logging
import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import xxhash

from tokenmill.core.io.cache_dirs import private_dir

logger = logging.getLogger(__name__)

UNUSED_SECONDS = 30 * 86_400.0
"""Cache files of other versions that no process has written or read for this time (30 days) are removed."""

MOST = 5000
"""Largest number of entries in a cache file. If there are more, the next write keeps only those that it used."""


@dataclass(frozen=True)
class Code:
    """The result of parsing one source file.

    Attributes:
        digest: hash of the syntax tree.
        imports: names of imported modules, and names that may be modules: `from a import b` gives a.b.
    """

    digest: bytes
    imports: frozenset[str]


@dataclass
class KnownCode:
    """The cached entries, by the SHA-256 of package and content.

    Attributes:
        parser: the source file of the code that parses. Each version of it has its own cache file.
    """

    parser: Path
    _used: dict[str, Code] = field(default_factory=dict)
    _is_new: bool = False

    def of(self, content: bytes, package: str, parse: Callable[[], Code]) -> Code:
        """Returns the entry of a source file; calls `parse` if there is none yet."""
        key = hashlib.sha256(package.encode() + b"\0" + content).hexdigest()
        if key not in self._used:
            known = self._read.get(key)
            self._is_new |= known is None
            self._used[key] = known or parse()
        return self._used[key]

    def save(self) -> None:
        """Writes the cache file if there are new entries. Errors are only logged: the cache only saves time."""
        if not self._is_new:
            return
        entries = self._used if len(self._read) > MOST else self._read | self._used
        rows = {key: [code.digest.hex(), sorted(code.imports)] for key, code in entries.items()}
        content = json.dumps(rows).encode()
        unfinished = self._file.with_suffix(f".{os.getpid()}.tmp")
        try:
            unfinished.write_bytes(xxhash.xxh3_128_digest(content) + content)
            unfinished.replace(self._file)
            self._remove_unused()
        except OSError as error:
            logger.debug("%s: not written (%s)", self._file, error)
        self._is_new = False

    @cached_property
    def _file(self) -> Path:
        decides = self.parser.read_bytes() + Path(__file__).read_bytes() + platform.python_version().encode()
        return private_dir("sources", "parsed") / f"{hashlib.sha256(decides).hexdigest()[:16]}.json"

    @cached_property
    def _read(self) -> dict[str, Code]:
        """Returns the entries of the cache file; none if the file does not exist or is damaged."""
        try:
            whole = self._file.read_bytes()
            os.utime(self._file)
        except OSError:
            return {}  # the first start, or a folder that is gone
        checksum, content = whole[:16], whole[16:]
        if xxhash.xxh3_128_digest(content) != checksum:
            logger.debug("%s: damaged, so it is written again", self._file)
            return {}
        return {
            key: Code(bytes.fromhex(digest), frozenset(imports))
            for key, (digest, imports) in json.loads(content).items()
        }

    def _remove_unused(self) -> None:
        for other in self._file.parent.iterdir():
            if time.time() - other.stat().st_mtime > UNUSED_SECONDS:
                other.unlink(missing_ok=True)
