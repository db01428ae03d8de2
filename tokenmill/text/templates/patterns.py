"""Compiles patterns, which say what an inline template of wikitext prints, to instructions for the kernels.

A pattern is text with these parts:

| part | prints |
|---|---|
| `$2` | positional argument 2 |
| `{text|2|1}` | the first argument of this list that is not empty; names are named arguments |
| `<a $2>` | the part between the brackets, if all arguments in it are present |
| `{*:, }`, `{2*:, }` | all positional arguments, or those from number 2 on, with a separator between them |
| `{?df}`, `{!2}` | nothing; the part around it is left out unless the argument is present (missing) |
| `{?3=6}`, `{?#1}`, `{?%1}` | nothing; the same unless the argument has this value (is a number, a language's code) |
| `@date(1,ymd)` | the text that a rule makes; RULES lists the rules |
| `@music(1)` | the word that a table of the data files has for the argument |
| `a // b` | b, if an argument of a is missing |

`~` at the end says that all other positional arguments print nothing, `~3` that argument 3 does, in all alternatives.
Without it, an alternative does not run if there are other positional arguments after those that it names. If none runs,
the template is not understood, and prints nothing. A backslash makes the next sign plain text; `\\n` is a line feed. An
empty pattern is that of a template that prints no words of the article, on purpose.

The order of a date comes third in `@age(4,1,dmy)`, the years from the date of argument 4 to that of 1; else it is ymd.
"""

import re
from collections.abc import Collection, Iterable
from typing import Final

from tokenmill.text.templates.hashes import name_hash

TEXT, ARG, OPEN, CLOSE, OR, JOIN, RULE, MAP, GIVEN, MISSING, EQUALS, NUMBER, CODE = range(13)
"""The kinds of instructions."""

RULES: Final = (
    "date", "time", "age", "convert", "units", "value", "coordinates", "name", "language", "ordinal", "fraction",
    "last", "formula", "roman", "after", "raised", "lowered",
)  # fmt: skip
_FOLLOWING = {"date": 3, "time": 4, "age": 3}  # number of arguments that a rule reads, from the one that is named
_READ_ALL = frozenset({"convert", "units", "value", "coordinates", "fraction", "last", "formula"})
ORDERS: Final = {"ymd": 0, "dmy": 1, "one": 2}
"""The orders of the arguments of a date; one: a single argument."""

AGE_ORDER: Final = 16
"""The second number of the rule `age` is the place of the later date, plus this times the order of both."""

ALL: Final = 1 << 62
"""The bit of a mask which says that all positional arguments are understood."""
LAST_BIT: Final = 60
MOST_NESTED: Final = 3
MOST_TEXT: Final = 160  # bytes of text in one rendering, see the room that templates.py leaves
MOST_BETWEEN: Final = 3  # bytes of a separator

_TOKEN = re.compile(r"\\(.)|\$(\d)|\{((?:\\.|[^{}\\])+)\}|@([a-z]+)(?:\(([^()]*)\))?|(<)|(>)|( // )", re.S)
_SILENT = re.compile(r"(?: ~(\d*))+$")


class Pool:
    """The arrays that patterns refer to, as they grow: instructions, lists of arguments, names of arguments, texts."""

    def __init__(self) -> None:
        self.operations: list[tuple[int, int, int, int]] = []
        self.choices: list[int] = []
        self.keys: list[int] = []
        self.literals = bytearray()
        self._texts: dict[str, tuple[int, int]] = {}
        self._places: dict[str, int] = {}
        self._choices: dict[tuple[int, ...], int] = {}
        self._patterns: dict[str, tuple[int, int, int]] = {}

    def text(self, text: str) -> tuple[int, int]:
        """Returns the range of a text in literals."""
        if text not in self._texts:
            start = len(self.literals)
            self.literals += text.encode()
            self._texts[text] = start, len(self.literals)
        return self._texts[text]

    def key(self, name: str) -> int:
        """Returns the index of a name's hash in keys."""
        if name not in self._places:
            self._places[name] = len(self.keys)
            self.keys.append(name_hash(name))
        return self._places[name]

    def choice(self, names: Iterable[str]) -> tuple[int, int]:
        """Returns the range of a list of arguments in choices: numbers, and -1 - index in keys for names."""
        wanted = tuple(int(name) if name.isdecimal() else -1 - self.key(name) for name in names)
        if wanted not in self._choices:
            self._choices[wanted] = len(self.choices)
            self.choices += wanted
        return self._choices[wanted], self._choices[wanted] + len(wanted)

    def pattern(self, pattern: str, tables: Collection[str]) -> tuple[int, int, int]:
        """Returns (first and last + 1 of a pattern's instructions, mask of the arguments that its first part knows).

        The instruction OR has the mask of the alternative that it begins. tables: names of the tables of words. Raises
        ValueError, which says what is wrong, for a bad pattern.
        """
        if pattern not in self._patterns:
            start = len(self.operations)
            mask = _compile(pattern, self, tables)
            _check(self.operations[start:])
            self._patterns[pattern] = start, len(self.operations), mask
        return self._patterns[pattern]


def _compile(pattern: str, pool: Pool, tables: Collection[str]) -> int:
    """Adds a pattern's instructions to the pool. Returns the mask of the arguments that its first alternative knows."""
    excused = 0
    if silent := _SILENT.search(pattern):
        for number in re.findall(r"~(\d*)", silent[0]):
            excused |= _bit(int(number)) if number else ALL
        pattern = pattern[: silent.start()]
    masks, places = [0], list[int]()
    depth, at = 0, 0
    for token in _TOKEN.finditer(pattern):
        _add_text(pattern[at : token.start()], pool)
        at = token.end()
        if token[8]:
            masks.append(0)
            places.append(len(pool.operations))
        masks[-1] |= _add(token, pool, tables)
        depth += bool(token[6]) - bool(token[7])
        if not 0 <= depth <= MOST_NESTED or (token[8] and depth):
            raise ValueError(f"brackets do not pair, or are nested more than {MOST_NESTED} deep")
    _add_text(pattern[at:], pool)
    if depth:
        raise ValueError("a bracket is not closed")
    masks = [_with_lower(mask) | excused for mask in masks]
    for place, mask in zip(places, masks[1:], strict=True):
        pool.operations[place] = OR, mask, 0, 0
    return masks[0]


def _with_lower(mask: int) -> int:
    """Returns the mask with all lower arguments: a pattern that knows argument 2 leaves argument 1 out on purpose."""
    return mask | ((1 << (mask & ~ALL).bit_length()) - 1) & ~1


def _add_text(text: str, pool: Pool) -> None:
    if re.search(r"[${}@<>\\]", text):
        raise ValueError(f"{text!r}: put a backslash before a sign that is plain text")
    if text:
        pool.operations.append((TEXT, *pool.text(text), 0))


def _add(token: re.Match[str], pool: Pool, tables: Collection[str]) -> int:
    """Adds one instruction. Returns the mask of the arguments that it reads."""
    escaped, number, braces, rule, values, opens, closes, _ = token.groups()
    add = pool.operations.append
    if escaped:
        add((TEXT, *pool.text("\n" if escaped == "n" else escaped), 0))
    elif number:
        add((ARG, *pool.choice([number]), 0))
        return _bit(int(number))
    elif braces:
        return _add_braces(braces, pool)
    elif rule:
        return _add_rule(rule, values.split(",") if values else [], pool, tables)
    else:
        add((OPEN if opens else CLOSE if closes else OR, 0, 0, 0))
    return 0


def _add_braces(braces: str, pool: Pool) -> int:
    add = pool.operations.append
    if joined := re.fullmatch(r"(\d*)\*:(.*)", braces, re.S):
        between = re.sub(r"\\(.)", lambda found: "\n" if found[1] == "n" else found[1], joined[2])
        add((JOIN, *pool.text(between), int(joined[1] or 1)))
        return ALL
    if form := re.fullmatch(r"\?([#%])(\d)", braces):
        add((NUMBER if form[1] == "#" else CODE, int(form[2]), 0, 0))
        return _bit(int(form[2]))
    if equal := re.fullmatch(r"\?(\d)=(.+)", braces):
        add((EQUALS, int(equal[1]), *pool.text(equal[2])))
        return _bit(int(equal[1]))
    kind = {"?": GIVEN, "!": MISSING}.get(braces[0], ARG)
    names = (braces if kind == ARG else braces[1:]).split("|")
    add((kind, *pool.choice(names), 0))
    return sum({_bit(int(name)) for name in names if name.isdecimal()})


def _add_rule(rule: str, values: list[str], pool: Pool, tables: Collection[str]) -> int:
    first = int(values[0]) if values else 0
    if rule in tables:
        pool.operations.append((MAP, first, pool.key(f"map:{rule}:"), 0))
        return _bit(first)
    if rule not in RULES:
        raise ValueError(f"@{rule}: there is no rule or table of this name")
    second = ORDERS[values[1]] if values[1:] and rule == "date" else int(values[1]) if values[1:] else 0
    order = AGE_ORDER * ORDERS[values[2]] if values[2:] else 0
    pool.operations.append((RULE, RULES.index(rule), first, second + order))
    if rule in _READ_ALL:
        return ALL
    follow = 1 if second == ORDERS["one"] and rule == "date" else _FOLLOWING.get(rule, 1)
    starts = (first, second) if rule == "age" else (first,)
    return sum({_bit(start + i) for start in starts if start for i in range(follow)})


def _bit(number: int) -> int:
    return 1 << min(number, LAST_BIT)


def _check(operations: list[tuple[int, int, int, int]]) -> None:
    """Raises ValueError if a rendering could need more room than templates.py leaves."""
    text, printed = 0, set[tuple[int, int]]()
    for kind, a, b, _ in operations:
        text = 0 if kind == OR else text + (b - a if kind == TEXT else 0)
        printed = set() if kind == OR else printed
        if text > MOST_TEXT:
            raise ValueError(f"more than {MOST_TEXT} bytes of text")
        if kind == JOIN and b - a > MOST_BETWEEN:
            raise ValueError(f"a separator of {b - a} bytes, expected at most {MOST_BETWEEN}")
        if kind == ARG and (a, b) in printed:
            raise ValueError("an argument is printed twice")
        if kind == ARG:
            printed.add((a, b))
