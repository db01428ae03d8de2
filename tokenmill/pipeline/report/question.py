"""Checks a what-if question about a finished run: which steps judge with other thresholds, on which documents."""

from dataclasses import dataclass

from tokenmill.core.errors import DataError, RecipeError
from tokenmill.core.io.storage import join
from tokenmill.pipeline.planning.contract import kind_of
from tokenmill.pipeline.planning.recipe import Recipe, load_recipe
from tokenmill.pipeline.planning.resolve import work_class, work_names
from tokenmill.pipeline.report import RanStage, read_run
from tokenmill.pipeline.report.thresholds import Rejudged, rejudged


@dataclass(frozen=True)
class Question:
    """A checked question.

    Attributes:
        folder, stages: the run's folder and all its stages.
        judges: the steps whose thresholds change, in order.
        chain: the stages from the first change to the one at whose end documents are counted.
        steps: names of the steps in the chain.
        later: names of the steps from the first change to the end of the chain, in order.
        mark_only: whether the run only marked documents.
        barrier: the first Global after the change, with its stage; its verdicts may change too. "" if there is none.
        final: name of the Global at the end of the chain; "" if there is none.
    """

    folder: str
    stages: list[RanStage]
    judges: list[Rejudged]
    chain: list[RanStage]
    steps: set[str]
    later: list[str]
    mark_only: bool
    barrier: str
    final: str


def ask(folder: str, wishes: list[str], plugins: str | None = None) -> Question:
    """Returns the what-if question for wishes such as `gopher_quality.min_words=30`.

    Raises RecipeError if it cannot be answered, and DataError if the documents are not on disk.
    """
    stages = read_run(folder)
    recipe = load_recipe(join(folder, "recipe.yaml"))
    judges = rejudged(recipe, wishes, plugins=plugins)
    globals_ = {stage.name: name for stage in recipe.stages if (name := _global_of(recipe, stage.name, plugins))}
    chain, barrier = _chain(stages, globals_, judges)
    mark_only = "drop_rule" in chain[-1].columns(chain[-1].files("data")[0]).names
    final = _step(globals_.get(chain[-1].name, ""))
    steps = {stage.name: [_step(spec.name) for spec in stage.work] for stage in recipe.stages}
    first, *others = chain
    place = steps[first.name].index(judges[0].step)
    later = steps[first.name][place:] + [step for stage in others for step in steps[stage.name]]
    later = [step for step in later if step != final]
    earlier = steps[first.name][:place] + [step for name in _before(stages, first) for step in steps[name]]
    twice = sorted((set(later) & set(earlier)) | {step for step in later if later.count(step) > 1})
    if twice and mark_only:
        raise RecipeError(f"what-if: {twice[0]} judges these documents twice, and its marks cannot be distinguished")
    here = {step for stage in chain for step in steps[stage.name]}
    return Question(folder, stages, judges, chain, here, later, mark_only, barrier, final)


def _chain(stages: list[RanStage], globals_: dict[str, str], judges: list[Rejudged]) -> tuple[list[RanStage], str]:
    """Returns (stages from the first change to the last whose documents can be counted, the Global that follows)."""
    wanted = [judge.stage for judge in judges]
    [first] = [stage for stage in stages if stage.name == wanted[0]]
    chain, barrier = [first], _in_stage(globals_, first.name)
    while not barrier and not any(judge.again for judge in judges):
        readers = [stage for stage in stages if chain[-1].name in stage.inputs]
        if len(readers) != 1:
            break
        barrier = _in_stage(globals_, readers[0].name)
        if not barrier:
            chain.append(readers[0])
    for judge in judges:
        if judge.stage not in {stage.name for stage in chain}:
            why = f"{barrier} would judge again in between" if barrier else "their stages do not follow one another"
            raise RecipeError(
                f"what-if: {judges[0].step} and {judge.step} cannot be answered together: {why}. Ask one at a time"
            )
    last = max(place for place, stage in enumerate(chain) if stage.name in wanted)
    while len(chain) > last + 1 and not chain[-1].files("data"):
        chain.pop()
    if not chain[-1].files("data"):
        raise DataError(
            f"stage {chain[-1].name!r} has no documents on disk, so no signals: it has not run, was not kept "
            "(keep: false), or writes token shards"
        )
    return chain, barrier


def _global_of(recipe: Recipe, stage: str, plugins: str | None) -> str:
    name = recipe.stage(stage).work[-1].name
    if not plugins and name not in work_names():
        raise RecipeError(f"what-if: {name} is a unit of your own; give --plugins, with the same value as for the run")
    return name if kind_of(work_class(name, plugins=plugins)) == "global" else ""


def _in_stage(globals_: dict[str, str], stage: str) -> str:
    return f"{globals_[stage]} (stage {stage})" if stage in globals_ else ""


def _before(stages: list[RanStage], first: RanStage) -> set[str]:
    by_name = {stage.name: stage for stage in stages}
    found: set[str] = set()
    todo = list(first.inputs)
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo += by_name[name].inputs
    return found


def _step(name: str) -> str:
    return name.rpartition(".")[2]
