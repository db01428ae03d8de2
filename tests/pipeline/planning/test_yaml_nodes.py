"""A recipe with YAML that recipes must not have ends in one short RecipeError, whatever its bytes are."""

import random
import re
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tokenmill.core.errors import RecipeError
from tokenmill.pipeline.planning.recipe import load_recipe
from tokenmill.pipeline.planning.yaml_nodes import MAX_BYTES, YamlFile

CONFIGS = sorted((Path(__file__).parents[3] / "configs").glob("*.yaml"))
ONE = "run: x\nstages:\n  a:\n    - stages.read_table: "


def refusal(path: Path) -> str:
    """Returns the message of the RecipeError. Checks that it is short."""
    with pytest.raises(RecipeError) as caught:
        load_recipe(path)
    message = str(caught.value)
    assert len(message) < 1500 and "\n" not in message
    return message


def bomb(levels: int, width: int) -> str:
    lines = ["a0: &a0 [x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * width)}]" for n in range(1, levels)]
    return "run: x\nstages:\n  " + "\n  ".join(lines)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("run: x\n? [a, b]\n: 1\n", 2, "a list as a key"),
        ("run: x\nstages:\n  ? {a: b}\n  : [x.y]\n", 3, "a mapping as a key"),
        (ONE + "{paths: {? [1] : 2}}", 4, "a list as a key"),
        (ONE + "{paths: {a: {b: 1, b: 2}}}", 4, "'b' occurs twice"),
        ("run: x\nstages: &s\n  a: *s\n", 3, "is inside the value it refers to"),
        ("run: x\nstages:\n  a: &s [[*s]]\n", 3, "is inside the value it refers to"),
        (bomb(9, 9), 8, "more than 100,000 values"),
        (bomb(40, 1), 33, "more than 32 deep"),
        ("run: " + "[" * 5000, 1, "more than 32 deep"),
        ("run: !!python/object/apply:os.system [ls]\nstages: {a: [x.y]}", 1, "has no tags"),
        ("run: !secret x\nstages: {a: [x.y]}", 1, "has no tags"),
        ("run: !!str 5\nstages: {a: [x.y]}", 1, "has no tags"),
        ("run: 2024-01-01\nstages: {a: [x.y]}", 1, "expected text (put it in quotes)"),
        (ONE + "{since: 2024-99-99}", 4, "'2024-99-99', which is not a valid date"),
        (ONE + "{paths: [a, .nan]}", 4, "expected a finite number"),
        (ONE + "{paths: -.inf}", 4, "expected a finite number"),
        (ONE + "{paths: 1.0e+999}", 4, "expected a finite number"),
        (ONE + "{sha256: " + "9" * 64 + "}", 4, "put it in quotes"),
        (ONE + "{sha256: " + "9" * 9999 + "}", 4, "put it in quotes"),
        (ONE + '{paths: "a\\0b"}', 4, "no UTF-8 text"),
        (ONE + '{paths: "\\ud800"}', 4, "no UTF-8 text"),
        (ONE + '{paths: "\\Uffffffff"}', 1, "valid characters"),
        (ONE + "{paths: =}", 4, "put it in quotes"),
        ("run: x\nstages:\n\ta: [x.y]\n", 3, "indent with spaces"),
        ("run: x\n---\nrun: y\n", 2, "single document"),
        ("run: x\nstages: {a: [x.y\n", 3, "not valid YAML"),
        ("run: *no\n", 1, "undefined alias"),
        ("run: x\nname\0: y\n", 2, "a zero byte"),
        ("run: x\nna\x07me: y\n", 2, "no YAML file may have"),
        ("run: " + "y" * 50_000 + "\nstages: {a: [x.y]}", 1, "cannot name a folder"),
        ("run: x\nstages: {lock: [x.y]}", 2, "not lock or logs"),
        ("run: x\n" + "k" * 50_000 + ": 1", 2, "not valid YAML"),
        ("run: x\n? " + "k" * 50_000 + "\n: 1", 3, "unknown key"),
        ("run: x\nexcerpt: -5\nstages: {a: [x.y]}", 2, "expected 0 to 1,000,000"),
        ("run: x\nexcerpt: {chars: -5}\nstages: {a: [x.y]}", 2, "expected 0 to 1,000,000"),
        *(
            (f"run: x\nstages:\n  a: {{{key}: {value}, steps: [x.y]}}", 3, message)
            for key, value, message in [
                ("timeout", "-5", "expected seconds above 0"),
                ("timeout", "0", "expected seconds above 0"),
                ("timeout", ".nan", "expected a finite number"),
                ("timeout", ".inf", "expected a finite number"),
                ("timeout", "9" * 18, "at most 10,000,000"),
                ("memory", "0", "from 1MiB to"),
                ("memory", "4", "from 1MiB to"),
                ("memory", "-2GB", "from 1MiB to"),
                ("memory", "9" * 400 + "TB", "from 1MiB to"),
                ("memory", "٢GB", "from 1MiB to"),
                ("from", "[]", "names no stage"),
                ("from", "[[x]]", "no earlier stage"),
                ("resources", "{num_cpus: .inf}", "expected a finite number"),
                ("resources", "{num_cpus: -1}", "a number of 0 or more"),
                ("resources", "{num_cpus: [1]}", "a number of 0 or more"),
            ]
        ),
    ],
)  # fmt: skip
def test_what_a_recipe_must_not_have_is_refused_with_its_line(
    tmp_path: Path, text: str, line: int, message: str
) -> None:
    """Regression: half of these ended in a traceback or in megabytes of text, and the other half was accepted."""
    path = tmp_path / "r.yaml"
    path.write_text(text)
    found = refusal(path)
    assert re.match(rf"{re.escape(str(path))}:{line}: ", found) and message in found, found


def test_what_is_no_recipe_file_at_all_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    assert "cannot read the recipe" in refusal(tmp_path / "none.yaml")
    assert "Is a directory" in refusal(tmp_path)
    for content, message in [
        (b"", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"\n# nothing\n", "empty"),
        ("run: x".encode("utf-16"), "in UTF-16"),
        (b"run: x\n\xff", ":2: not UTF-8 at byte 7"),
        (random.Random(1).randbytes(300_000), "a zero byte"),
        (b"#" * (MAX_BYTES + 1), "larger than 1,048,576 bytes"),
    ]:
        path.write_bytes(content)
        assert message in refusal(path)


def test_a_recipe_of_100_mb_is_refused_without_reading_it(tmp_path: Path) -> None:
    with open(tmp_path / "r.yaml", "wb") as file:
        file.write(b"run: x\n")
        file.seek(100_000_000)
        file.write(b"#")
    assert "a zero byte" in refusal(tmp_path / "r.yaml")


def test_a_byte_order_mark_and_aliases_are_allowed(tmp_path: Path) -> None:
    text = ONE + "{paths: &p [a, b], columns: {x: *p, y: *p}}"
    (tmp_path / "r.yaml").write_text("\ufeff" + text, encoding="utf-8")
    [stage] = load_recipe(tmp_path / "r.yaml").stages
    assert stage.work[0].settings == {"paths": ["a", "b"], "columns": {"x": ["a", "b"], "y": ["a", "b"]}}


MARKS = (b"", b"[", b"{", b"*a", b"&a ", b"!!x ", b"\t", b"\n", b": ", b"- ", b'"', b".inf", b"\x00")

SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.dates())
KEYS = st.sampled_from(["run", "stages", "from", "steps", "memory", "timeout", "excerpt", "chars", "resources", "x.y"])
TREES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.one_of(KEYS, SCALARS), inner, max_size=4)
    ),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tree=st.one_of(TREES, st.fixed_dictionaries({"run": st.just("x"), "stages": TREES})), flow=st.booleans())
def test_any_yaml_tree_is_read_or_refused(tmp_path: Path, tree: object, flow: bool) -> None:
    (tmp_path / "r.yaml").write_text(yaml.dump(tree, default_flow_style=flow), encoding="utf-8")
    read_or_refused(tmp_path / "r.yaml")


@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: path.stem)
def test_a_recipe_with_damaged_bytes_is_read_or_refused(tmp_path: Path, config: Path) -> None:
    whole = config.read_bytes()
    chance = random.Random(config.stem)
    for _ in range(15):
        content = bytearray(whole)
        for _ in range(chance.choice((1, 1, 3, 30))):
            place, length = chance.randrange(len(content)), chance.choice((0, 1, 1, 5))
            content[place : place + length] = chance.choice((chance.randbytes(1), *MARKS))
        (tmp_path / "r.yaml").write_bytes(content)
        read_or_refused(tmp_path / "r.yaml")


def read_or_refused(path: Path) -> None:
    try:
        load_recipe(path)
    except RecipeError as error:
        assert str(error).startswith(str(path)) and len(str(error)) < 1500


def test_values_keep_their_types(tmp_path: Path) -> None:
    (tmp_path / "v.yaml").write_text("a: [1, 1.5, true, null, x, '2']\nb: {on: -3, 7: 1.0e+3}\n")
    file = YamlFile(str(tmp_path / "v.yaml"))
    assert file.value(file.root()) == {"a": [1, 1.5, True, None, "x", "2"], "b": {"on": -3, "7": 1000.0}}
