"""A formula in MathML as a line of text that reads the same: `(a+b)/2`, `x_1^2`, `1 1/2`.

The line never reads as another number or value. Two digits of different elements are apart (`2 3`, `2·3` with an
invisible times). A fraction stands in parentheses unless an operator or an end is on both of its sides (`(1/2)x`), but
a number before it makes it a mixed number (`1 1/2`). The time is proportional to the bytes of the formula.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from html import unescape
from itertools import accumulate, chain, cycle
from typing import Final, NamedTuple

MOST_DEEP: Final = 64  # elements of a formula open at once; deeper ones only separate tokens
_SHORT_FORMULA, _SHORT_TOKEN = 600, 60  # characters of what is cached: some 20 MB at most
_NEAR, _NEXT = 200, 40  # characters around a formula: those that are looked at, and those of the longest reference

# Kinds of characters, and of the first characters of an atom. A JOINER leaves the fractions around it whole. A TIGHT
# sign binds what is behind it, and a POSTFIX what is before it. A WORD has several characters; a SCRIPT has no base.
DIGIT, LETTER, OPENER, CLOSER, COMBINING, OTHER = "digit", "letter", "opener", "closer", "combining", "other"
JOINER, DIVIDER, TIGHT, POSTFIX = "joiner", "divider", "tight", "postfix"
WORD, QUOTIENT, SCRIPT = "word", "quotient", "script"
# Ends of an atom, or LETTER. Nothing continues FREE, such as an operator; DIVIDES binds a number behind it.
FREE, DIVIDES, NUMBER, NAME, CLOSED = "free", "divides", "number", "name", "closed"
POWER, INDEX, FRACTION = "power", "index", "fraction"

_SIGNS: Final = {
    JOINER: "+-*<>=,;.&~·…",
    DIVIDER: "/:÷⁄∕∶",
    TIGHT: "^_\\√∛∜",
    POSTFIX: "!%'°′″‴‵‶‷",
    OTHER: "|¬∀∂∃∄∅∆∇∎∏∐∑∞∟∠∡∢∫∬∭∮∯∰∱∲∳⋀⋁⋂⋃",
}
_CATEGORIES: Final = {"Ps": OPENER, "Pi": OPENER, "Pe": CLOSER, "Pf": CLOSER, "Sm": JOINER}
_GENERAL: Final = {"N": DIGIT, "L": LETTER, "M": COMBINING}
_ENDS: Final = {DIGIT: NUMBER, LETTER: NAME, CLOSER: CLOSED, POSTFIX: CLOSED, DIVIDER: DIVIDES, TIGHT: DIVIDES}
_PLUS_OR_MINUS, _STARS, _PRIMES, _BARS = "+-±−∓", "*∗∘", "'′″‴", "-_−"
_ACCENT_SIGNS: Final = {  # a mark and a combining character: the signs that it stands for
    "^\u0304": "-−¯‾ˉ_\u0304\u0305–―",
    "^\u0302": "^ˆ\u0302",
    "^\u0303": "~˜∼\u0303",
    "^\u0307": ".˙\u0307",
    "^\u0308": "¨\u0308",
    "^\u030c": "ˇ\u030c",
    "^\u20d7": "→⟶\u20d7",
    "_\u0332": "-−¯‾_\u0332",
}
_ACCENTS: Final = {accent[0] + sign: accent[1] for accent, signs in _ACCENT_SIGNS.items() for sign in signs}
_MARKS: Final = {"msub": "_", "munder": "_", "msup": "^", "mover": "^", "msubsup": "_^", "munderover": "_^"}

# Each pattern takes linear time: none has a part that can fail behind a long run more than once.
TOKEN = re.compile(
    r"""<(/?)([a-z][^\s/<>]*)((?:=\s*"[^"]*"|=\s*'[^']*'|[^<>=]+|=)*+)>?|<[!?][^>]*>?|([^<]+|<)""", re.IGNORECASE
)
_ATTRIBUTE = re.compile(r"""([^\s/>=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]*)))?""")
LEFT_OUT = re.compile("[\x7f-\x9f\xad\u200b-\u200f\u2060\ufe00-\ufe0f\ufeff]+")
_ZERO = re.compile(r"\s*[0.]*0(?![\d.])")
_HUGE = re.compile("&#[0-9]{9,};?")  # html.unescape raises ValueError for a reference of thousands of digits
_WHITE = re.compile("[\0- ]+")
_INVISIBLE = re.compile("([\u2061-\u2064])")  # operators that are not shown
_INLINE = re.compile(
    r"</?(?:abbr|a|big|b|bdi|cite|code|em|font|i|kbd|mark|nobr|span|strong|small|s|tt|u|var|wbr)(?:\s[^<>]*)?>",
    re.IGNORECASE,
)
_BEHIND = re.compile(rf"(?:{_INLINE.pattern}|</su[bp]>)*", re.IGNORECASE)
_SCRIPT_TAG = re.compile(r"<(su[bp])(?:\s[^<>]*)?>\Z", re.IGNORECASE)


class Atom(NamedTuple):
    """A token or an element of a formula, as text, and how it may stand beside others.

    whole: whether it needs no parentheses in a fraction or script. base: whether it needs none as a base. choose: its
    text if it stands alone between parentheses.
    """

    text: str
    first: str
    last: str
    whole: bool = False
    base: bool = False
    choose: str = ""


class Node(NamedTuple):
    """An element of a formula: its name, what stands between that and the `>`, and its elements and texts."""

    name: str
    rest: str
    children: list["Node | str"]


Parts = list[list[Atom]]  # the atoms of each child of an element
_GAP, _TIMES = Atom(" ", "", ""), Atom("·", "", "")


def attributes(rest: str) -> dict[str, str]:
    """Returns {name: value} of a tag; of two attributes with the same name the first counts."""
    return {name.lower(): "".join(values) for name, *values in reversed(_ATTRIBUTE.findall(rest))}


def unescaped(text: str) -> str:
    """Returns a text with its character references decoded."""
    return unescape(_HUGE.sub("\ufffd", text)) if "&" in text else text


def parse(body: str) -> Node:
    """Returns the tree of a formula, its names without a prefix.

    An end tag closes the innermost element of its name, and those inside it.
    """
    opened, over = [Node("math", "", [])], 0
    for is_end, full_name, rest, text in TOKEN.findall(body):
        name = full_name.rpartition(":")[2].lower()
        if text.strip(" \t\r\n\f"):
            opened[-1].children.append(unescaped(text))
        elif is_end and over:
            over -= 1
        elif is_end:
            places = [place for place, node in enumerate(opened) if place and node.name == name]
            del opened[places[-1] if places else len(opened) :]
        elif full_name:
            node = Node(name, rest, [])
            is_empty = rest.endswith("/") or node.name in ("mspace", "mprescripts", "none")
            if len(opened) >= MOST_DEEP:
                over += not is_empty
                continue
            opened[-1].children.append(node)
            opened += [] if is_empty else [node]
    return opened[0]


def formula_line(body: str, text: str, start: int, end: int) -> str:
    """Returns the line of the formula body, which is text[start:end], apart from the text around it.

    It has a space or a sign where it could run into that text. It is apart from a tag that is not inline. Behind a
    `<sup>` or a `<sub>` it begins with `^` or `_`.
    """
    atoms = _short_formula(body) if len(body) <= _SHORT_FORMULA else _atoms(parse(body))
    before = text[max(0, start - _NEAR) : start]
    if before[-1:] == ">" and before[-7:].lower() != "</math>":  # pages have long rows of formulas
        before = _INLINE.sub("", before)
    script = _SCRIPT_TAG.search(before) if before[-1:] == ">" else None
    before = unescaped(before[: script.start() if script else None][-_NEXT:])[-1:]
    behind = unescaped(_BEHIND.sub("", text[end : end + _NEAR], count=1)[:_NEXT])
    if script and before.strip() not in ("", ">"):
        line = _grouped(atoms)
        shown = ("^" if script[1].lower() == "sup" else "_") + line.text
    else:
        kind = _kind(before) if before else OTHER
        line = _join(atoms, LETTER if kind == LETTER else _ENDS.get(kind, FREE))
        shown = " " * (before == ">") + line.text
    if not line.text:
        return " " * (before.isdigit() and behind[:1].isdigit())
    kind = _kind(behind[0]) if behind else OTHER
    is_tag = behind[:1] == "<" and behind[:3].lower() != "<su"
    is_part = line.last == FRACTION and kind in (DIGIT, LETTER, OPENER)
    return shown + " " * (is_tag or is_part or _needs_space(line.last, kind, behind))


@lru_cache(4096)
def _kind(char: str) -> str:
    for kind, signs in _SIGNS.items():
        if char in signs:
            return kind
    if "\u2190" <= char <= "\u21ff":  # arrows
        return JOINER
    category = unicodedata.category(char)
    return _CATEGORIES.get(category) or _GENERAL.get(category[0], OTHER)


def _tokens(text: str) -> list[Atom]:
    """Returns the atoms of a text between two tags: one, unless it has operators that are not shown."""
    atoms: list[Atom] = []
    for part in _INVISIBLE.split(LEFT_OUT.sub("", _WHITE.sub(" ", text))):
        if _INVISIBLE.match(part):
            atoms += [_TIMES] if part == "\u2062" else []
            continue
        inner = part.strip(" ")  # no-break spaces count even at its ends
        atoms += [_GAP] if inner[:1].isspace() else []
        atoms += [_token(inner.split())] if inner.split() else []
        atoms += [_GAP] if inner[-1:].isspace() else []
    return atoms


def _token(words: list[str]) -> Atom:
    first, last = ([char for char in word if _kind(char) != COMBINING] or [word[0]] for word in (words[0], words[-1]))
    kinds, sign = [_kind(char) for char in last], last[-1]
    is_plain = all(kind in (DIGIT, LETTER) or char in ".," for kind, char in zip(kinds, last, strict=True))
    is_word = _kind(first[0]) == LETTER and len(first) > 1 and _kind(first[1]) in (DIGIT, LETTER)
    end = _ENDS.get(kinds[-1], FREE)
    if len(last) == 1:
        end = LETTER if end == NAME else end
        is_whole = kinds[0] not in (DIVIDER, TIGHT) and (kinds[0] != JOINER or sign in _STARS)
        is_base = is_whole or (kinds[0] == JOINER and sign not in _PLUS_OR_MINUS)
    else:
        end = FRACTION if end == NUMBER and not is_plain else end
        is_whole = is_base = is_plain and kinds[-1] in (DIGIT, LETTER)
    is_one = len(words) == 1
    return Atom(" ".join(words), WORD if is_word else _kind(first[0]), end, is_one and is_whole, is_one and is_base)


def _needs_space(last: str, kind: str, text: str) -> bool:
    """Whether what ends in `last` needs a sign before a text that begins with this kind."""
    if last in (FREE, DIVIDES):
        return False
    if kind == LETTER:  # 2 e-5 is no number, 2e-5 is one
        return last in (NAME, POWER, INDEX) or (last == NUMBER and text[0] in "eE")
    if kind == QUOTIENT:
        return last in (NUMBER, POWER, INDEX)
    return kind in (DIGIT, WORD) or (kind == OPENER and last == POWER)


def _separator(last: str, before: str, atom: Atom, waiting: set[Atom]) -> str:
    """Returns the sign between `before`, the text so far, which ends in `last`, and an atom."""
    if _GAP in waiting and before:
        is_quiet = atom.first == CLOSER or (atom.first == JOINER and atom.text[0] not in _PLUS_OR_MINUS)
        return "" if is_quiet or (last == FREE and before[-1] not in ",;") else " "
    if not _needs_space(last, atom.first, atom.text):
        return ""
    return "·" if _TIMES in waiting and atom.first != WORD else " "


def _join(atoms: Sequence[Atom], last: str = FREE) -> Atom:
    """Returns the atoms of a row as one; `last` is what the text before them ends in."""
    parts: list[str] = []
    waiting: set[Atom] = set()
    lead = FREE  # what stands before the number that may begin a mixed number
    for place, atom in enumerate(atoms):
        if atom in (_GAP, _TIMES):
            waiting.add(atom)
            continue
        is_postfix = last in (POWER, INDEX) and atom.text[0] == "!"
        if is_postfix or (last == FRACTION and atom.first not in (JOINER, CLOSER, DIVIDER)):
            parts[-1], last = f"({parts[-1]})", CLOSED
        sign = _separator(last, parts[-1] if parts else "", atom, waiting)
        text, end = atom.text, atom.last
        if atom.choose and [near.text[0] for near in atoms[max(0, place - 1) : place + 2]] == ["(", "[", ")"]:
            text = atom.choose
        elif atom.first == SCRIPT and last != FREE and (sign or last not in (LETTER, NAME, CLOSED)):
            text = "{}" + text
        elif atom.first == QUOTIENT:
            if last == NUMBER and parts and _TIMES not in waiting:
                text, sign, last = parts.pop() + sign + text, "", lead
            if last not in (FREE, NUMBER):
                text, end = f"({text})", CLOSED
        lead, last = last, end
        waiting = {_GAP} if text in (",", ";") else set()
        parts += [sign, text]
    seen = [atom for atom in atoms if atom not in (_GAP, _TIMES)] or [Atom("", OPENER, FREE)]
    is_whole = seen[0].whole if len(seen) == 1 else _is_parenthesized([atom.text for atom in seen])
    return Atom("".join(parts), seen[0].first, last, is_whole, is_whole or (len(seen) == 1 and seen[0].base))


def _is_parenthesized(texts: list[str]) -> bool:
    """Whether the first text is a parenthesis that the last one closes."""
    steps = [text.count("(") - text.count(")") for text in texts[:-1]]
    is_plain = all(len(text) == 1 or (text[0] != ")" and not step) for text, step in zip(texts, steps, strict=False))
    return texts[0] == "(" and texts[-1] == ")" and is_plain and min(accumulate(steps)) > 0


def _grouped(atoms: Sequence[Atom], as_base: bool = False) -> Atom:
    """Returns the atoms as one, in parentheses if it needs them as a part of a fraction or a script."""
    line = _join(atoms)
    if line.whole or (as_base and line.base):
        return line
    first = {JOINER: OPENER, QUOTIENT: DIGIT}.get(line.first, line.first)
    return Atom(f"({line.text})", first, CLOSED, True, True)


def _atoms(child: Node | str) -> list[Atom]:
    if isinstance(child, str):
        return list(_short_tokens(child)) if len(child) <= _SHORT_TOKEN else _tokens(child)
    return _WRITERS.get(child.name, _row)(child, [_atoms(inner) for inner in child.children])


@lru_cache(1024)
def _short_formula(body: str) -> tuple[Atom, ...]:
    return tuple(_atoms(parse(body)))


@lru_cache(4096)
def _short_tokens(text: str) -> tuple[Atom, ...]:
    return tuple(_tokens(text))


def _row(node: Node, parts: Parts) -> list[Atom]:
    return list(chain.from_iterable(parts))


def _boxed(begin: str, atoms: Sequence[Atom], close: str, choose: str = "") -> list[Atom]:
    """Returns atoms as one that nothing around it can run into."""
    return [Atom(f"{begin}{_join(atoms).text}{close}", WORD, CLOSED, True, True, choose)]


def _separated(parts: Parts, separators: str) -> list[Atom]:
    """Returns the atoms of all parts with a separator between each two parts; the last separator repeats."""
    atoms: list[Atom] = []
    for place, part in enumerate(parts):
        atoms += _tokens(separators[min(place, len(separators)) - 1]) if place and separators else []
        atoms += part
    return atoms


def _fraction(node: Node, parts: Parts) -> list[Atom]:
    if len(parts) != 2:
        return _row(node, parts)
    top, bottom = (_grouped(part).text for part in parts)
    if _ZERO.match(attributes(node.rest).get("linethickness", "")):
        return _boxed("[", _separated(parts, ";"), "]", f"{top} choose {bottom}")
    return [Atom(f"{top}/{bottom}", QUOTIENT, FRACTION)]


def _scripts(node: Node, parts: Parts) -> list[Atom]:
    marks = _MARKS[node.name]
    if len(parts) != 1 + len(marks):
        return _row(node, parts)
    return _scripted(parts[0], zip(marks, parts[1:], strict=True), node.name in ("munder", "mover"))


def _scripted(base: list[Atom], scripts: Iterable[tuple[str, list[Atom]]], may_be_accent: bool = False) -> list[Atom]:
    """Returns a base with its scripts; the base alone if they are empty."""
    start = _grouped(base, as_base=True) if base else Atom("", SCRIPT, FREE)
    text, last, before = start.text, "", ""
    for mark, atoms in scripts:
        script = _join(atoms).text
        if not script:
            continue
        if may_be_accent and mark + script in _ACCENTS:
            text += _ACCENTS[mark + script] if len(text) == 1 else mark + ("¯" if script in _BARS else script)
            last = CLOSED
        elif mark == "^" and not script.strip(_PRIMES):
            text, last = text + script, LETTER
        else:
            text += "{}" * (mark == before) + mark + _grouped(atoms).text
            last = POWER if mark == "^" else INDEX
        before = mark
    return [Atom(text, start.first, last, last == CLOSED, last == CLOSED)] if last else base


def _multiscripts(node: Node, parts: Parts) -> list[Atom]:
    names = [child if isinstance(child, str) else child.name for child in node.children]
    middle = names.index("mprescripts") if "mprescripts" in names else len(names)
    base, *behind = parts[:middle] or [[]]
    atoms = _scripted(base, zip(cycle("_^"), behind, strict=False))
    front = _scripted([], zip(cycle("_^"), parts[middle + 1 :], strict=False))
    right = atoms[0] if len(atoms) == 1 else _grouped(atoms)
    return [Atom(f"{{}}{front[0].text} {right.text}".rstrip(), OTHER, POWER)] if front else atoms


def _root(node: Node, parts: Parts) -> list[Atom]:
    if node.name == "mroot" and len(parts) == 2:
        return _boxed(f"root({_join(parts[1]).text}, ", parts[0], ")")
    is_root = node.name != "menclose" or "radical" in attributes(node.rest).get("notation", "").split()
    return _boxed("sqrt(", _row(node, parts), ")") if is_root else _row(node, parts)


def _fence(node: Node, parts: Parts) -> list[Atom]:
    signs = {name: unescaped(value) for name, value in attributes(node.rest).items()}
    begin, close = _tokens(signs.get("open", "(")), _tokens(signs.get("close", ")"))
    atoms = [*begin, *_separated(parts, "".join(signs.get("separators", ",").split())), *close]
    return [_join(atoms)._replace(last=CLOSED)] if close else atoms


_WRITERS: Final[dict[str, Callable[[Node, Parts], list[Atom]]]] = {
    **dict.fromkeys(("mphantom", "annotation", "annotation-xml"), lambda node, parts: []),
    **dict.fromkeys(("mtr", "mlabeledtr"), lambda node, parts: _separated(parts, ",")),
    **dict.fromkeys(("msqrt", "mroot", "menclose"), _root),
    **dict.fromkeys(_MARKS, _scripts),
    "maction": lambda node, parts: _row(node, parts[:1]),
    "mfenced": _fence,
    "mfrac": _fraction,
    "mmultiscripts": _multiscripts,
    "mspace": lambda node, parts: [_GAP],
    "mtable": lambda node, parts: _boxed("[", _separated(parts, ";"), "]"),
}
