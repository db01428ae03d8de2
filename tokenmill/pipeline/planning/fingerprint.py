"""Computes fingerprints. They describe what a result depends on, as three hashes: `settings-code-input`.

Results with equal fingerprints have equal bytes. If two fingerprints differ, the parts show why: another recipe,
another version of tokenmill or of a package, or other documents.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from tokenmill.core.functions import function_of
from tokenmill.core.kinds import Calling, Fingerprinted, JsonObject, Requiring, Source, Step, Unit
from tokenmill.core.rules import step_name
from tokenmill.pipeline.planning import source_code
from tokenmill.pipeline.planning.plugins import blaming
from tokenmill.pipeline.planning.resolve import settings_of
from tokenmill.pipeline.planning.source_code import code_hash, imported_packages, imports_of, reach
from tokenmill.pipeline.planning.versions import unicode_version, versions

_JSON = json.JSONEncoder(sort_keys=True)  # json.dumps would create an encoder per call, and there is a call per shard
_KERNELS = "tokenmill.text.kernel."
_WORK_DIGITS, _INPUT_DIGITS = 16, 32


@dataclass(frozen=True)
class WorkPrint:
    """The part of fingerprints that all shards of a stage share.

    Attributes:
        settings: hash of the names of the work, its settings, and the checksums of its models and lists.
        code: hash of the code, the versions of packages, and the Unicode version.
    """

    settings: str
    code: str

    def on(self, *parts: object) -> str:
        """Returns the fingerprint of this work's result for an input. parts: JSON values that describe the input."""
        return f"{self.settings}-{self.code}-{digest(*parts)[:_INPUT_DIGITS]}"


def digest(*parts: object) -> str:
    """Returns the hex SHA-256 of JSON values, for fingerprints. The order of keys does not matter."""
    return hashlib.sha256(_JSON.encode(parts).encode()).hexdigest()


def code_of(fingerprint: str) -> str:
    """Returns the code part of a fingerprint; "" if the fingerprint does not have three parts."""
    parts = fingerprint.split("-")
    return parts[1] if len(parts) == 3 else ""


def work_of(fingerprint: str) -> str:
    """Returns the settings and code parts of a fingerprint, `settings-code`; "" if the fingerprint has no parts."""
    return fingerprint.rpartition("-")[0]


def input_of(fingerprint: str) -> str:
    """Returns the input part of a fingerprint; the whole fingerprint if it has no parts."""
    return fingerprint.rpartition("-")[2]


def with_code(fingerprint: str, code: str) -> str:
    """Returns the fingerprint that a result with the same settings and input has if `code` made it."""
    settings, _, rest = fingerprint.partition("-")
    return f"{settings}-{code}-{rest.partition('-')[2]}"


def work_fingerprint(
    units: Iterable[Unit],
    engine_modules: Iterable[str],
    *,
    mark_only: bool,
    excerpt: int,
    scrub: Step | None = None,
) -> WorkPrint:
    """Returns, for fingerprints, hashes of a stage's units, in order, and of engine modules that decide the bytes.

    excerpt: number of characters of dropped texts that are written. scrub: the Step that edits these excerpts.
    """
    work = list(units)
    scrubbing = [scrub] if excerpt and scrub is not None else []
    settings = digest([_settings(unit) for unit in work], mark_only, excerpt, [_settings(unit) for unit in scrubbing])
    code = [_code(unit) for unit in (*work, *scrubbing)] + [_module_code(module) for module in engine_modules]
    return WorkPrint(settings[:_WORK_DIGITS], digest(code)[:_WORK_DIGITS])


def packages(units: Sequence[Unit], modules: Iterable[str] = ()) -> dict[str, str]:
    """Returns {distribution: version} of the third-party packages that the results of units and modules depend on."""
    own = [module for unit in units for module in code_modules(unit)]
    names = {top for module in (*own, *modules) for top in imported_packages(module)}
    names.update(name for unit in units if isinstance(unit, Requiring) for name in unit.packages())
    return versions(names)


def code_modules(unit: Unit) -> tuple[str, ...]:
    """Returns the modules whose code decides a unit's results: its own, and those of the functions that it calls."""
    called = unit.called_functions() if isinstance(unit, Calling) else ()
    return tuple(dict.fromkeys([_module(unit), *(name.partition(":")[0] for name in called)]))


def _settings(unit: Unit) -> list[object]:
    """Returns the unit's name, the settings that affect results, and the checksums of its models and lists."""
    aside = ("paths", *unit.traits.unhashed) if isinstance(unit, Source) else ()
    settings: JsonObject = {name: value for name, value in settings_of(unit).items() if name not in aside}
    with blaming(unit, ""):
        models = unit.file_checksums() if isinstance(unit, Fingerprinted) else {}
    return [_name(unit), settings, models]


def _code(unit: Unit) -> list[object]:
    code = [part for module in code_modules(unit) for part in _module_code(module)]
    if not isinstance(unit, Requiring):
        return code
    return [*code, versions(unit.packages()), unicode_version()]  # the packages may use the Unicode tables


def forget_edited_code(package: str | None) -> None:
    """Forgets edited code and what fingerprints took from it, for a process that runs recipes repeatedly.

    See source_code.forget_edited_code.
    """
    if source_code.forget_edited_code(package):
        _module_code.cache_clear()
        function_of.cache_clear()


@cache
def _module_code(module: str) -> list[object]:
    return [module, code_hash(module), versions(imported_packages(module)), _unicode(module)]


def _unicode(module: str) -> str:
    """Returns the version of Python's Unicode tables if the modules in reach(module) use them; else ""."""
    uses = any(name.startswith(_KERNELS) or "unicodedata" in imports_of(name) for name in reach(module))
    return unicode_version() if uses else ""


def _module(unit: Unit) -> str:
    return type(unit).__module__


def _name(unit: Unit) -> str:
    """Returns the unit's name for fingerprints. A unit of tokenmill keeps its name when its file moves. For plug-ins it
    is the module, because units of two plug-ins may have the same name.
    """
    module = _module(unit)
    return step_name(unit) if module.startswith("tokenmill.") else module
