"""Rules as data: a filter measures once and declares RULES; judge() writes the signals and marks rows by the rules.

A rule names its signal and its setting, so other thresholds can be applied later to the signals alone. The check_*
functions check settings of any unit of work; their errors name the setting.
"""

import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from numbers import Integral
from typing import Any, ClassVar, Final, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tokenmill.core.columns import BoolMask, as_mask, drop, set_column
from tokenmill.core.errors import RecipeError, did_you_mean


@dataclass(frozen=True)
class Rule:
    """Keeps a document if `low <= signal <= high`. Each bound is the name of a setting (a field) of the filter.

    A setting of None switches its bound off. A null signal never breaks a rule. There are four kinds of bounds and no
    operators, because a confusion of < and <= changes published results.

    Attributes:
        signal: name of the signal, without the name of the step.
        low: name of the setting with the inclusive lower bound. Default none.
        high: name of the setting with the inclusive upper bound. Default none.
        above: name of the setting with the exclusive lower bound. Default none.
        one_of: name of the setting with a list, which must contain the signal. Default none.
    """

    signal: str
    low: str | None = None
    high: str | None = None
    above: str | None = None
    one_of: str | None = None

    @property
    def bounds(self) -> dict[str, str]:
        """{kind of bound: setting} for the bounds that the rule has."""
        named = {"low": self.low, "high": self.high, "above": self.above, "one_of": self.one_of}
        return {kind: setting for kind, setting in named.items() if setting}


class HasRules(Protocol):
    """A filter: it declares its rules by name, and its settings are their bounds."""

    RULES: ClassVar[dict[str, Rule]]


_CAPITAL = re.compile(r"(?<!^)([A-Z])")


def signal_columns(step: str, *signals: str) -> tuple[str, ...]:
    """Returns the column names `<step>.<signal>`, for a filter's `adds`."""
    return tuple(f"{step}.{signal}" for signal in signals)


def step_name(work: object) -> str:
    """Returns the unit's name in signals, rules and records: `gopher_quality` for a GopherQuality of any folder."""
    return class_step_name(type(work))


def class_step_name(unit_class: type) -> str:
    """Returns the name that instances of a unit's class have in signals, rules and records."""
    return _CAPITAL.sub(r"_\1", unit_class.__name__).lower()


def ratio(part: npt.NDArray[np.int64], whole: npt.NDArray[np.int64]) -> pa.Array:
    """Returns part / whole for each row as a signal of a filter, float64 (rows,); null if whole is 0."""
    return pa.array(part / np.maximum(whole, 1), mask=whole == 0)


def check_bounds(work: HasRules) -> None:
    """Raises RecipeError for bounds of a filter's rules that every document would break, or none.

    A bound must be a finite number, 0 or more. The bound of a signal called `*_ratio` must be at most 1. A low bound
    must not be above the high bound of the same signal.
    """
    lows: dict[str, str] = {}
    for rule in work.RULES.values():
        for setting in filter(None, (rule.low, rule.high, rule.above)):
            high = 1.0 if rule.signal.endswith("_ratio") else math.inf
            check_numbers(work, setting, high=high, optional=True)
        if rule.low:
            lows[rule.signal] = rule.low
    for rule in work.RULES.values():
        low = lows.get(rule.signal)
        least, most = (getattr(work, name) if name else None for name in (low, rule.high))
        if least is not None and most is not None and least > most:
            found = f"{low} {least!r} above {rule.high} {most!r}"
            raise RecipeError(f"{step_name(work)}: found {found}, expected {low} to be at most {rule.high}")


_END: Final = {"[]": "to", "[)": "to below", "(]": "and at most", "()": "and below"}


def check_numbers(
    work: object,
    *settings: str,
    low: float = 0,
    high: float = math.inf,
    ends: str = "[]",
    optional: bool = False,
) -> None:
    """Raises RecipeError for a setting of a unit that is not a finite number from low to high.

    ends: as in the notation of intervals, whether low and high themselves are allowed: "[]", "(]", "[)" or "()".
    optional: None is allowed.
    """
    for setting in settings:
        value = getattr(work, setting)
        if optional and value is None:
            continue
        is_open_end = (ends[0] == "(" and value == low) or (ends[1] == ")" and value == high)
        if not (_is_finite(value) and low <= value <= high) or is_open_end:
            no_bound = ", or null for no bound" if optional else ""
            expected = f"{_range(low, high, ends)}{no_bound}"
            raise RecipeError(f"{step_name(work)}.{setting}: found {value!r}, expected {expected}")


def _is_finite(value: object) -> bool:
    """Whether this is a number that kernels and Arrow have: a finite float, or an integer of 64 bits."""
    if isinstance(value, Integral):
        return -1 << 63 <= int(value) < 1 << 63
    return isinstance(value, float) and math.isfinite(value)


def _range(low: float, high: float, ends: str) -> str:
    if (low, high, ends) == (0, 1, "[]"):
        return "a share from 0 to 1"
    begin = f"from {low}" if ends[0] == "[" else f"above {low}"
    if high == math.inf:
        return f"a number {begin} up" if ends[0] == "[" else f"a number {begin}"
    return f"a number {begin} {_END[ends]} {high:,}"


def check_lists(work: object, *settings: str, expected: str = "a list", filled: bool = False) -> None:
    """Raises RecipeError for a setting of a unit that is a string instead of a list. filled: also for an empty list."""
    for setting in settings:
        value = getattr(work, setting)
        if isinstance(value, str) or (filled and not value):
            raise RecipeError(f"{step_name(work)}.{setting}: found {value!r}, expected {expected}")


def check_known(work: object, setting: str, known: Collection[str], *, expected: str) -> None:
    """Raises RecipeError for the first unknown name in a list that is a unit's setting, with the nearest known name."""
    for name in getattr(work, setting) or ():
        if name not in known:
            nearest = did_you_mean(name, known)
            raise RecipeError(f"{step_name(work)}.{setting}: found {name!r}, expected {expected}{nearest}")


def breaks_rule(work: HasRules, signals: Mapping[str, Any]) -> BoolMask:
    """Returns bool (rows,): True for each document that a filter's rules would mark by these signals."""
    fired = [fires for rule in work.RULES.values() for fires, _ in verdicts(rule, signals[rule.signal], work)]
    rows = len(next(iter(signals.values())))
    marked: BoolMask = np.logical_or.reduce([np.zeros(rows, dtype=np.bool_), *fired])
    return marked


def judge(batch: pa.RecordBatch, work: HasRules, signals: Mapping[str, Any], *, name: str = "") -> pa.RecordBatch:
    """Writes each signal of a filter as column `<step>.<signal>`, then marks rows by its RULES in their declared order.

    signals: {signal: one value per row}. name: name of the step. Default: step_name(work).
    """
    step = name or step_name(work)
    arrays = {signal: _as_array(values) for signal, values in signals.items()}
    for signal, array in arrays.items():
        batch = set_column(batch, f"{step}.{signal}", array)
    for rule_name, rule in work.RULES.items():
        for fires, bound in verdicts(rule, arrays[rule.signal], work):
            batch = drop(batch, fires, f"{step}.{rule_name}", arrays[rule.signal], bound)
    return batch


def verdicts(rule: Rule, signal: Any, settings: Any) -> list[tuple[BoolMask, Any]]:
    """Returns (bool (rows,), True for rows that break it; its value) for each bound of a filter that is not None.

    settings: the filter, or a mapping of its settings.
    """
    found = []
    for kind, setting in rule.bounds.items():
        bound = _setting(settings, setting)
        if bound is not None:
            found.append((as_mask(_FIRES[kind](signal, bound)), _shown(bound)))
    return found


_FIRES: dict[str, Any] = {
    "low": lambda signal, bound: pc.less(signal, bound),
    "high": lambda signal, bound: pc.greater(signal, bound),
    "above": lambda signal, bound: pc.less_equal(signal, bound),
    "one_of": lambda signal, bound: pc.and_(
        pc.invert(pc.is_in(signal, value_set=pa.array(list(bound), type=signal.type))), signal.is_valid()
    ),
}


def _setting(settings: Any, name: str) -> Any:
    return settings[name] if isinstance(settings, Mapping) else getattr(settings, name)


def _shown(bound: Any) -> Any:
    return ",".join(sorted(map(str, bound))) if isinstance(bound, (list, tuple, set, frozenset)) else bound


def _as_array(values: Any) -> pa.Array:
    if isinstance(values, pa.Array):
        return values
    if isinstance(values, np.ndarray):
        return pa.array(values)
    return pa.array(values)
