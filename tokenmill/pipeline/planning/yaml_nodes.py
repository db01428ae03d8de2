"""Reads a YAML file as a tree of nodes that know their lines, and rejects YAML that a recipe must not have.

A recipe has no tags, no aliases inside the values that they refer to, no integers beyond 64 bits, and no characters
that UTF-8 text cannot have. Depth and size are limited, so that reading a recipe never takes much memory or time.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import yaml
from yaml.composer import Composer
from yaml.resolver import Resolver

from tokenmill.core.errors import RecipeError, did_you_mean, short
from tokenmill.core.io import storage
from tokenmill.core.kinds import JsonObject

MAX_BYTES = 1 << 20
MAX_DEPTH = 32
MAX_NODES = 100_000
"""Largest number of values in a recipe. The values of an alias count each time that it is used."""

Types = type | tuple[type, ...]
"""A type or several, as isinstance accepts them."""

_TYPE_NAMES: dict[type, str] = {
    str: "text (put it in quotes)",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "a list",
    dict: "a mapping",
}
_LONGEST_MESSAGE = 1000
_BOM = "\ufeff"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True)
class YamlFile:
    """A YAML file that was written by a person.

    Attributes:
        file: its path or URL. Every message begins with it.
        content: its bytes, if they are known. Default: they are read from the file.
    """

    file: str
    content: bytes | None = None

    def root(self) -> yaml.Node:
        """Returns the root node. Raises RecipeError if the file is empty or breaks the rules in the module's
        docstring.
        """
        text = self._text()
        try:
            node = _Tree(self._checked(text)).get_single_node()
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            what = ", ".join(filter(None, (error.context, error.problem)))
            raise self.refusal(mark.line if mark else 0, f"not valid YAML: {what}; {_advice(what)}") from error
        except yaml.reader.ReaderError as error:
            found = f"the character {short(error.character)}, which no YAML file may have"
            line = text.count("\n", 0, error.position)
            raise self.refusal(line, f"not valid YAML: {found}; expected a text file") from error
        except (ValueError, OverflowError) as error:  # an escape such as "\Uffffffff", or a number of 5,000 digits
            raise self.refusal(0, f"not valid YAML: {short(str(error))}; expected valid characters") from error
        if node is None:
            raise RecipeError(f"{self.file}: empty; expected the keys run and stages")
        return node

    def mapping(self, node: yaml.Node, what: str) -> Iterator[tuple[str, yaml.Node]]:
        """Yields keys and values. Raises RecipeError if the node is not a mapping, or if a key is not plain text or
        occurs twice.
        """
        if not isinstance(node, yaml.MappingNode):
            raise self.error(node, f"{what}: expected a mapping, {{key: value}}")
        seen: set[str] = set()
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                kind = "list" if isinstance(key, yaml.SequenceNode) else "mapping"
                raise self.error(key, f"{what}: a {kind} as a key; expected a name, as in {{key: value}}")
            if key.value in seen:
                raise self.error(key, f"{what}: key {short(key.value)} occurs twice; the first would be lost")
            seen.add(key.value)
            yield key.value, value

    def typed(self, keys: dict[str, yaml.Node], types: dict[str, Types], what: str, skip: set[str]) -> JsonObject:
        """Returns {key: value}. Raises RecipeError for a key that is not in `types`, and for a value of another type.

        The values of keys in `skip` are neither checked nor returned.
        """
        values = {}
        for key, node in keys.items():
            if key not in types:
                hint = "; units belong in a list: write [ ] around them" if "." in key else did_you_mean(key, types)
                raise self.error(node, f"{what}: unknown key {short(key)}{hint}")
            if key in skip:
                continue
            value = self.value(node)
            if not isinstance(value, types[key]) or (isinstance(value, bool) and types[key] is not bool):
                raise self.error(node, f"{what}: {key}: found {short(value)}, expected {_type_name(types[key])}")
            values[key] = value
        return values

    def value(self, node: yaml.Node) -> Any:
        """Returns the plain value: a list, a mapping with keys of text, text, a number, true, false, None or a date."""
        if isinstance(node, yaml.MappingNode):
            return {key: self.value(value) for key, value in self.mapping(node, "settings")}
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item) for item in node.value]
        loader = yaml.SafeLoader("")
        try:
            value = loader.construct_object(node)
        except (ValueError, OverflowError, yaml.YAMLError) as error:  # 2024-99-99, or a plain `=` or `<<`
            found = f"found {short(node.value)}, which is not a valid date, number or text"
            raise self.error(node, f"{found}; put it in quotes if it is text") from error
        finally:
            loader.dispose()
        self._check_value(node, value)
        return value

    def error(self, node: yaml.Node, message: str) -> RecipeError:
        """Returns the error for a node, with its line."""
        return self.refusal(node.start_mark.line, message)

    def refusal(self, line: int, message: str) -> RecipeError:
        """Returns the error for a line, counted from 0."""
        cut = message if len(message) <= _LONGEST_MESSAGE else f"{message[:_LONGEST_MESSAGE]}…"
        return RecipeError(f"{self.file}:{line + 1}: {cut}")

    def _bytes(self) -> bytes:
        """Returns the content; of a file at most one byte more than a recipe may have."""
        if self.content is not None:
            return self.content
        try:
            with storage.open_input(self.file) as stream:
                return stream.read(MAX_BYTES + 1)
        except OSError as error:
            reason = error.strerror or error
            raise RecipeError(f"{self.file}: cannot read the recipe: {reason}; give the path of a YAML file") from error

    def _text(self) -> str:
        content = self._bytes()
        if content.startswith(_UTF16):
            raise self.refusal(0, "text in UTF-16; save the recipe as text in UTF-8")
        if b"\0" in content:
            line = content.count(b"\n", 0, content.index(b"\0"))
            raise self.refusal(line, "a zero byte, so this is not a text file; a recipe is YAML in UTF-8")
        if len(content) > MAX_BYTES:
            most = f"a recipe has at most {MAX_BYTES >> 20} MiB. Put long lists into files of their own"
            raise RecipeError(f"{self.file}: larger than {MAX_BYTES:,} bytes; {most}")
        try:
            return content.decode("utf-8").removeprefix(_BOM)
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start)
            raise self.refusal(line, f"not UTF-8 at byte {error.start}; save the recipe as text in UTF-8") from error

    def _checked(self, text: str) -> list[yaml.Event]:
        """Returns the events of the text. Rejects tags, recursion, depth and size before any node is built."""
        events = []
        size = 0
        inside: list[_Open] = []
        known: dict[str, _Extent] = {}
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            events.append(event)
            line = event.start_mark.line if event.start_mark else 0
            if isinstance(event, yaml.CollectionEndEvent):
                size = _leave(inside, known, size)
                continue
            if not isinstance(event, yaml.NodeEvent):
                continue
            tag = getattr(event, "tag", None)
            if tag is not None:
                raise self.refusal(line, f"the tag {short(tag)}; a recipe has no tags: leave it out")
            if isinstance(event, yaml.AliasEvent) and any(one.anchor == event.anchor for one in inside):
                raise self.refusal(line, f"the alias *{event.anchor} is inside the value it refers to; write it out")
            is_alias = isinstance(event, yaml.AliasEvent) and event.anchor in known
            extent = known[event.anchor or ""] if is_alias else _Extent(1, 0)
            size += extent.nodes
            _reach(inside, extent.height)
            if isinstance(event, yaml.CollectionStartEvent):
                inside.append(_Open(event.anchor, size - 1))
            elif isinstance(event, yaml.ScalarEvent) and event.anchor:
                known[event.anchor] = extent
            if len(inside) + extent.height > MAX_DEPTH:
                raise self.refusal(line, f"lists or mappings more than {MAX_DEPTH} deep; a recipe needs fewer")
            if size > MAX_NODES:
                raise self.refusal(line, f"more than {MAX_NODES:,} values; put long lists into files of their own")
        return events

    def _check_value(self, node: yaml.Node, value: object) -> None:
        if isinstance(value, float) and not math.isfinite(value):
            raise self.error(node, f"found {short(node.value)}, expected a finite number")
        if isinstance(value, int) and not -(1 << 63) <= value < 1 << 63:
            what = f"found {short(node.value)}, expected a number of at most 64 bits"
            raise self.error(node, f"{what}; put it in quotes if it is text")
        if isinstance(value, str) and ("\0" in value or any("\ud800" <= one <= "\udfff" for one in value)):
            raise self.error(node, f"found {short(value)}, which has a character that no UTF-8 text can have")


class _Tree(Composer, Resolver):
    """Builds the nodes from events that were parsed before, because parsing again would double the time."""

    def __init__(self, events: Sequence[yaml.Event]) -> None:
        Composer.__init__(self)
        Resolver.__init__(self)
        self._events, self._at = events, 0

    def peek_event(self) -> yaml.Event:
        return self._events[self._at]

    def get_event(self) -> yaml.Event:
        self._at += 1
        return self._events[self._at - 1]

    def check_event(self, *kinds: type[yaml.Event]) -> bool:
        return isinstance(self._events[self._at], kinds)


@dataclass(frozen=True)
class _Extent:
    """The size of a value with an anchor. nodes: number of nodes. height: number of levels below it."""

    nodes: int
    height: int


@dataclass
class _Open:
    """A list or mapping that is being read. before: number of nodes before it. height: levels below it so far."""

    anchor: str | None
    before: int
    height: int = 0


def _reach(inside: Sequence[_Open], height: int) -> None:
    """Adds a node with `height` levels below it to the height of the innermost list or mapping."""
    if inside:
        inside[-1].height = max(inside[-1].height, height)


def _leave(inside: list[_Open], known: dict[str, _Extent], size: int) -> int:
    """Closes the innermost list or mapping. Returns the number of nodes so far, `size`."""
    left = inside.pop()
    extent = _Extent(size - left.before, left.height + 1)
    if left.anchor:
        known[left.anchor] = extent
    _reach(inside, extent.height)
    return size


def _advice(problem: str) -> str:
    if "\\t" in problem:
        return "indent with spaces, not with tabs"
    return "check the indentation, and quote texts that contain ': ' or ' #' or begin with a special character"


def _type_name(types: Types) -> str:
    many = types if isinstance(types, tuple) else (types,)
    return " or ".join(_TYPE_NAMES[kind] for kind in many)
