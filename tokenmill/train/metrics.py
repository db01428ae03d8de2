"""What a run measured: a JSON line a step in metrics.jsonl, and the curves drawn from it.

Rows of training have `step, loss, rate_ratio, gradient_norm, tokens, epoch, tokens_per_second`, rows of validation
`step, val_loss, val_bits_per_byte`. Losses are in nats a token. All but the speed are the same on every run.
"""

import json
from pathlib import Path
from typing import Any

from tokenmill.core.io import storage

Row = dict[str, Any]


class Metrics:
    """The rows up to the step a run starts from; later ones, left by a run that was killed, are cut off."""

    def __init__(self, path: Path, *, step: int) -> None:
        self.rows = [row for row in read_metrics(path) if row["step"] <= step]
        storage.write_bytes(str(path), b"".join(_line(row) for row in self.rows))
        self.file = open(path, "ab", buffering=0)  # noqa: SIM115  # closed by close(); unbuffered: a kill loses no row

    def add(self, row: Row) -> None:
        """Append a row."""
        self.rows.append(row)
        self.file.write(_line(row))

    def close(self) -> None:
        """Close the file; rows stay readable."""
        self.file.close()


def read_metrics(path: Path) -> list[Row]:
    """The rows that a training run measured so far, none if there is no file; a last line cut by a kill is left out."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]]


def plot_losses(rows: list[Row], path: Path) -> None:
    """Draw training and validation loss of a run over its steps as a PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # slow to import, and needed once a run
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.add_subplot()
    for key, label, style in (("loss", "training", "-"), ("val_loss", "validation", "o-")):
        points = [(row["step"], row[key]) for row in rows if key in row]
        axes.plot(*zip(*points, strict=True), style, label=label, linewidth=1.2, markersize=4)
    axes.set_xlabel("step")
    axes.set_ylabel("loss, nats a token")
    axes.grid(alpha=0.3)
    axes.legend()
    FigureCanvasAgg(figure)
    with storage.open_output(str(path)) as file:
        figure.savefig(file, format="png", dpi=120)


def _line(row: Row) -> bytes:
    return json.dumps(row, allow_nan=False).encode() + b"\n"
