"""The recipe of a run as it is saved with it: with all settings, also those that the person left out."""

import yaml

from tokenmill.core.kinds import JsonObject
from tokenmill.pipeline.planning.plan import PlannedStage
from tokenmill.pipeline.planning.recipe import Recipe, StageSpec
from tokenmill.pipeline.planning.resolve import excerpt_scrub, settings_of
from tokenmill.pipeline.record.run_format import format_line


def filled_recipe(recipe: Recipe, planned: list[PlannedStage], *, plugins: str | None) -> bytes:
    """The recipe with all defaults in, as it is saved with the run."""
    stages = {}
    for stage in (one.stage for one in planned):
        work = [{name: settings_of(unit)} for name, unit in stage.named_work]
        spec = stage.spec
        limits: JsonObject = {"timeout": spec.timeout, "keep": spec.keep, "resources": spec.resources}
        if spec.memory != StageSpec.memory:  # stated memory is reserved on a cluster, the default is not
            limits["memory"] = f"{spec.memory}B"
        stages[stage.name] = ({"from": list(stage.inputs)} if stage.inputs else {}) | limits | {"steps": work}
    named = excerpt_scrub(recipe, plugins=plugins)
    excerpt: JsonObject = {"chars": recipe.excerpt.chars}
    if named:
        excerpt["scrub"] = {named[0]: settings_of(named[1])}
    said = {"run": recipe.run, "seed": recipe.seed, "excerpt": excerpt, "stages": stages}
    return format_line() + yaml.safe_dump(said, sort_keys=False, allow_unicode=True).encode()
