"""Functions that a recipe can call."""

from typing import Any


def nothing(document: dict[str, Any]) -> None:
    """Changes nothing."""
