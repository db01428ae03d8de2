"""All targets by name."""

from fuzzing import code, kernels, markup, packed, tables, web, wiki
from fuzzing.harness import Target

TARGETS: dict[str, Target] = {
    target.name: target for module in (web, wiki, code, tables, packed, kernels, markup) for target in module.TARGETS
}
