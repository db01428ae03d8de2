"""Shared by all tests: the toolbox of plugin work is importable, here and in spawned workers."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "plugins"))
