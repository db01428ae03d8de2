"""All targets by name."""

from fuzzing import code, kernels, markup, packed, patterns, similar, stored, tables, web, wiki
from fuzzing.harness import Target

_MODULES = (web, wiki, code, tables, packed, stored, kernels, similar, patterns, markup)

TARGETS: dict[str, Target] = {target.name: target for module in _MODULES for target in module.TARGETS}
