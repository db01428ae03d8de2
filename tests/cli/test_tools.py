"""Listings of what comes with the program."""

import subprocess
from collections.abc import Callable

import pytest


@pytest.mark.parametrize("arguments", [("steps",), ("steps", "filters.c4"), ("models", "list"), ("--help",)])
def test_help_and_listings_work(
    pipeline: Callable[..., "subprocess.CompletedProcess[str]"], arguments: tuple[str, ...]
) -> None:
    shown = pipeline(*arguments)
    assert shown.returncode == 0, shown.stderr
    assert len(shown.stdout) > 40
