"""A node of a cluster finds plug-ins where the driver found them, before it unpickles a task."""

import pickle
import sys
from pathlib import Path

import pytest

from tokenmill.core.errors import DataError
from tokenmill.pipeline.engine.node import Home, _unpacked

LAB = "class Thing:\n    pass\n"


@pytest.mark.parametrize(("folder", "named"), [("", "labs"), ("work", "../labs")])
def test_a_task_of_a_plug_in_is_unpickled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str, named: str
) -> None:
    (tmp_path / "labs").mkdir()
    (tmp_path / "work").mkdir()
    (tmp_path / "labs/node_lab.py").write_text(LAB)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path / "labs")])
    packed = pickle.dumps(__import__("node_lab").Thing())
    del sys.modules["node_lab"]
    monkeypatch.setattr(sys, "path", sys.path[:-1])
    home = Home(str(tmp_path / folder) if folder else "", (), ())
    with pytest.raises(DataError, match=r"has no module 'node_lab'; it is not installed there"):
        _unpacked(packed, home)
    with pytest.raises(DataError, match=r"looked in elsewhere\. Install the same on all nodes"):
        _unpacked(packed, Home(home.folder, (), (), ("elsewhere",)))
    found = _unpacked(packed, Home(home.folder, (), (), (named,)))
    assert type(found).__module__ == "node_lab"
    del sys.modules["node_lab"]
