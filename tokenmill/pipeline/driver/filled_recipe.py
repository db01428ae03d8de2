"""Writes the recipe that is saved with a run. It has all settings, also those that the user left out."""

import yaml

from tokenmill.core.kinds import JsonObject
from tokenmill.pipeline.planning.plan import PlannedStage
from tokenmill.pipeline.planning.recipe import Recipe, StageSpec
from tokenmill.pipeline.planning.resolve import excerpt_scrub, settings_of
from tokenmill.pipeline.record.run_format import format_line


def filled_recipe(recipe: Recipe, planned: list[PlannedStage], *, plugins: str | None) -> bytes:
    """Returns the recipe that is saved with a run, with all defaults filled in, as UTF-8 YAML.

    Its first line says the format of the run.
    """
    stages = {}
    for stage in (one.stage for one in planned):
        work = [{name: settings_of(unit)} for name, unit in stage.named_work]
        spec = stage.spec
        limits: JsonObject = {"timeout": spec.timeout, "keep": spec.keep, "resources": spec.resources}
        if spec.memory != StageSpec.memory:  # on a cluster, memory is reserved if it is set, but not the default
            limits["memory"] = f"{spec.memory}B"
        stages[stage.name] = ({"from": list(stage.inputs)} if stage.inputs else {}) | limits | {"steps": work}
    named = excerpt_scrub(recipe, plugins=plugins)
    excerpt: JsonObject = {"chars": recipe.excerpt.chars}
    if named:
        excerpt["scrub"] = {named[0]: settings_of(named[1])}
    said = {"run": recipe.run, "seed": recipe.seed, "excerpt": excerpt, "stages": stages}
    return format_line() + yaml.safe_dump(said, sort_keys=False, allow_unicode=True).encode()
