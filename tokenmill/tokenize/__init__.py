"""Units that turn text into token shards.

UNITS maps the name of each unit to its module, as in stages/.
"""

from typing import Any

from tokenmill.core.lazy import class_name, lazy_class

UNITS = {
    "encode": "tokenmill.tokenize.encode",
    "mix": "tokenmill.tokenize.mix",
    "rehydrate": "tokenmill.tokenize.rehydrate",
    "write_shards": "tokenmill.tokenize.write_shards",
}


def units() -> dict[str, str]:
    """Returns {name of a unit that turns text into token shards: its module}.

    Like the function of this name in filters/.
    """
    return UNITS


def __getattr__(name: str) -> Any:
    return lazy_class(__name__, UNITS, name)


def __dir__() -> list[str]:
    return [*globals(), *map(class_name, UNITS)]
