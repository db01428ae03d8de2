"""Every filter has examples of texts that it keeps and drops, and it treats them as stated."""

from typing import Any

import pyarrow as pa
import pytest

from tokenmill.core.columns import DOCUMENT, documents
from tokenmill.core.kinds import Exemplary
from tokenmill.pipeline.planning.resolve import work_class, work_names
from tokenmill.stages.web.warc_rows import SIGNALS
from tokenmill.testing import check_examples

FILTERS = {name.partition(".")[2]: work_class(name) for name in work_names() if name.startswith("filters.")}


def built(found: Any) -> Any:
    return found.example() if isinstance(found, Exemplary) else found()


def batch_of(examples: list[Any]) -> pa.RecordBatch:
    """Returns a batch of examples. Each example is a text, or its columns by name."""
    rows = [{"text": example} if isinstance(example, str) else dict(example) for example in examples]
    names = dict.fromkeys(["text", *(name for row in rows for name in row)])
    columns = {name: [row.get(name) for row in rows] for name in names}
    return documents({"id": [f"row{number}" for number in range(len(rows))], **columns})


@pytest.mark.parametrize("name", FILTERS)
def test_each_example_meets_the_rule_it_names_and_each_rule_has_one(name: str) -> None:
    work = built(FILTERS[name])
    check_examples(work)
    assert None in {rule for _, rule in work.EXAMPLES}


@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_writes_the_signals_it_declares_and_each_rule_names_one(name: str) -> None:
    work = built(FILTERS[name])
    batch = batch_of([example for example, _ in work.EXAMPLES])
    marks = {"drop_rule", "drop_measured", "drop_threshold"}
    added = {field for field in work(batch).schema.names if not field.startswith("_")} - set(batch.schema.names) - marks
    assert added - {"text"} == set(work.adds) - {"text"}
    assert {rule.signal for rule in work.RULES.values()} <= {column.partition(".")[2] for column in added}
    assert set(work.reads) <= {*DOCUMENT.names, *SIGNALS.names}
