"""A task for measuring what an engine adds; in a file of its own, so that workers can import it."""

from dataclasses import dataclass
from typing import Any, ClassVar

from tokenmill.pipeline.record.manifest import Manifest


@dataclass(frozen=True)
class Nothing:
    """A task that does nothing and writes nothing."""

    folder: str
    number: int
    fingerprint: str = ""

    reads_input: ClassVar[bool] = False

    @property
    def manifest_path(self) -> str:
        return f"{self.folder}/manifest/{self.number:06d}.json"

    @property
    def label(self) -> str:
        return f"nothing {self.number:06d}"

    def at(self, position: Any) -> "Nothing":
        return self

    def __call__(self, tell: Any) -> Manifest:
        return Manifest(self.fingerprint)
