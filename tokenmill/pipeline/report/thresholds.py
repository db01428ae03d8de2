"""Finds the thresholds to change, such as `gopher_quality.min_words=30`, in the run's recipe and checks them."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

import yaml

from tokenmill.core.errors import RecipeError, did_you_mean
from tokenmill.core.kinds import Filter
from tokenmill.core.rules import Rule
from tokenmill.pipeline.planning.recipe import Recipe, WorkSpec
from tokenmill.pipeline.planning.resolve import build, work_class

Bound = float | Collection[str] | None
"""The value of a setting that is a bound: a number, the values to keep, or None for no bound."""


@dataclass(frozen=True)
class Threshold:
    """A setting that is a bound of rules, with another value.

    Attributes:
        setting: `step.setting`.
        was, would_be: its value in the run and in the question.
        tighter, looser: whether rules may drop more documents, or fewer. Both may be true.
    """

    setting: str
    was: Bound
    would_be: Bound
    tighter: bool
    looser: bool


@dataclass(frozen=True)
class Rejudged:
    """A step that would judge with other thresholds.

    Attributes:
        stage, step: names of the stage and of the step.
        work: the filter with the other thresholds.
        thresholds: the settings that change.
        again: the recipe has this step more than once.
    """

    stage: str
    step: str
    work: Filter
    thresholds: tuple[Threshold, ...]
    again: bool

    @property
    def edits_text(self) -> bool:
        return "text" in self.work.adds

    @property
    def tighter(self) -> bool:
        return any(one.tighter for one in self.thresholds)

    @property
    def looser(self) -> bool:
        return any(one.looser for one in self.thresholds)


def rejudged(recipe: Recipe, wishes: list[str], *, plugins: str | None = None) -> list[Rejudged]:
    """Returns the steps whose thresholds the wishes of a what-if question change, in recipe order.

    Raises RecipeError for an invalid wish. A wish is `step.setting=value`, with a value in YAML, or
    `stage.step.setting=value` if several stages have the step.
    """
    asked: dict[tuple[str, str], dict[str, object]] = {}
    for wish in wishes:
        where, name, setting, value = _wish(recipe, wish, plugins)
        asked.setdefault((where, name), {})[setting] = value
    found = []
    for stage in recipe.stages:
        for spec in stage.work:
            changes = asked.get((stage.name, spec.name))
            if changes:
                again = sum(_step(other) == _step(spec) for other in _every_work(recipe)) > 1
                found.append(_judge(stage.name, spec, changes, recipe.seed, plugins, again))
    return found


def _every_work(recipe: Recipe) -> Iterator[WorkSpec]:
    return (spec for stage in recipe.stages for spec in stage.work)


def _step(spec: WorkSpec) -> str:
    return spec.name.rpartition(".")[2]


def _wish(recipe: Recipe, wish: str, plugins: str | None) -> tuple[str, str, str, object]:
    """Returns (stage, name of the work, setting, value)."""
    key, equals, written = wish.partition("=")
    place, _, setting = key.strip().rpartition(".")
    where, _, step = place.rpartition(".")
    if not equals or not step or not setting:
        raise RecipeError(f"what-if {wish!r}: expected filter.setting=value, for example gopher_quality.min_words=30")
    try:
        value = yaml.safe_load(written)
    except (yaml.YAMLError, RecursionError) as error:
        raise RecipeError(f"what-if {wish!r}: {written!r} is not a YAML value: write 30, null or [en, de]") from error
    named = [(stage.name, spec.name) for stage in recipe.stages for spec in stage.work if _step(spec) == step]
    here = [(stage, name) for stage, name in named if isinstance(work_class(name, plugins=plugins), Filter)]
    if not here:
        every = ((_step(spec), work_class(spec.name, plugins=plugins)) for spec in _every_work(recipe))
        known = {name for name, work in every if isinstance(work, Filter)}
        raise RecipeError(f"what-if {wish!r}: the run has no filter {step!r}{did_you_mean(step, known)}")
    chosen = [(stage, name) for stage, name in here if where in ("", stage, name.rpartition(".")[0])]
    if not chosen:
        stages = sorted(stage for stage, _ in here)
        raise RecipeError(f"what-if {wish!r}: {step} is not in a stage {where!r}{did_you_mean(where, stages)}")
    if len(chosen) > 1:
        stages = [stage for stage, _ in chosen]
        if len(set(stages)) < len(stages):
            advice = "its signals cannot be distinguished; put each into a stage of its own"
            raise RecipeError(f"what-if {wish!r}: a stage has {step} more than once, so {advice}")
        names = ", ".join(f"{stage}.{step}.{setting}" for stage in stages)
        raise RecipeError(f"what-if {wish!r}: {step} is in the recipe {len(chosen)} times; give one of {names}")
    [(stage, name)] = chosen
    return stage, name, setting, value


def _judge(
    stage: str, spec: WorkSpec, changes: dict[str, object], seed: int, plugins: str | None, again: bool
) -> Rejudged:
    was = build(spec, seed=seed, plugins=plugins, where="")
    step = _step(spec)
    rules = was.RULES if isinstance(was, Filter) else {}
    bounds = sorted({setting for rule in rules.values() for setting in rule.bounds.values()})
    work = build(replace(spec, settings=spec.settings | changes), seed=seed, plugins=plugins, where="what-if: ")
    for setting in changes:
        if setting not in bounds:
            what = f"its thresholds are {', '.join(bounds)}" if bounds else "it declares no thresholds"
            raise RecipeError(
                f"what-if: {step}.{setting} is not a threshold, so no stored signal can answer: {what}. Run it instead"
            )
    thresholds = tuple(_threshold(step, rules, name, getattr(was, name), getattr(work, name)) for name in changes)
    assert isinstance(work, Filter)  # because it has bounds
    return Rejudged(stage, step, work, thresholds, again)


def _threshold(step: str, rules: Mapping[str, Rule], setting: str, was: Bound, would_be: Bound) -> Threshold:
    kinds = {kind for rule in rules.values() for kind, bound in rule.bounds.items() if bound == setting}
    moves = [_moves(kind, was, would_be) for kind in kinds]
    return Threshold(
        f"{step}.{setting}", was, would_be, any(tighter for tighter, _ in moves), any(looser for _, looser in moves)
    )


def _moves(kind: str, was: Bound, would_be: Bound) -> tuple[bool, bool]:
    """Returns (may drop documents that it kept, may keep documents that it dropped), by the bounds alone."""
    if was is None or would_be is None:
        return was is None and would_be is not None, would_be is None and was is not None
    if isinstance(was, Collection) or isinstance(would_be, Collection):
        assert isinstance(was, Collection) and isinstance(would_be, Collection)  # both are values of the same setting
        return bool(set(was) - set(would_be)), bool(set(would_be) - set(was))
    higher, lower = would_be > was, would_be < was
    return (lower, higher) if kind == "high" else (higher, lower)
