"""Orders the files of a repository so that a file comes after the files that it imports, except in import cycles.

The method is that of DeepSeek-Coder (arXiv:2401.14196, 2.2, algorithm 1): the next file is always the one with the
fewest imports that are not placed yet. Ties go by path, so the order depends on the files alone.
"""

import heapq
from collections import defaultdict
from collections.abc import Sequence

from tokenmill.stages.code.rows import CodeRow
from tokenmill.text.code.imports import Candidates, imports

_DEEPEST = 16
"""The largest number of path parts that are compared, and of folders above a file that are searched."""

_MOST_OF_FOLDER = 64
"""The largest number of files that the import of a folder stands for."""


def by_dependency(rows: Sequence[CodeRow]) -> list[CodeRow]:
    """Returns the source files of one repository, each after the files that it imports, except in import cycles.

    Rows without text have no imports.
    """
    files = sorted(rows, key=lambda row: row.path or "")
    asked = _asked(files)
    waiting = [len(some) for some in asked]
    asking = defaultdict(list)
    for file, some in enumerate(asked):
        for other in some:
            asking[other].append(file)
    queue = [(count, file) for file, count in enumerate(waiting)]
    heapq.heapify(queue)
    done: list[CodeRow] = []
    placed = [False] * len(files)
    while queue:
        count, file = heapq.heappop(queue)
        if placed[file] or count != waiting[file]:
            continue  # outdated entry: the file has a newer one in the queue, with a smaller count
        placed[file] = True
        done.append(files[file])
        for other in asking[file]:
            waiting[other] -= 1
            heapq.heappush(queue, (waiting[other], other))
    return done


def _asked(files: Sequence[CodeRow]) -> list[set[int]]:
    """Returns, for each file, the numbers of the other files that it imports."""
    index = _Index([file.path or "" for file in files])
    found = []
    for number, file in enumerate(files):
        statements = set(imports(file.text or "", file.path or "", file.code_lang))
        wanted = (index.find(candidates, file.path or "") for candidates in statements)
        found.append({other for some in wanted for other in some if other != number})
    return found


class _Index:
    """Finds files by their whole paths or by the last parts of their paths."""

    def __init__(self, paths: Sequence[str]) -> None:
        self.paths = paths
        self.whole = {path: number for number, path in enumerate(paths)}
        self.by_ending: dict[int, dict[str, int]] = {}  # by number of parts
        self.inside: defaultdict[str, list[int]] = defaultdict(list)
        for number, path in enumerate(paths):
            self.inside[path.rpartition("/")[0] + "/"].append(number)

    def find(self, candidates: Candidates, asker: str) -> list[int]:
        """Returns the numbers of the files that the first existing candidate stands for, or an empty list."""
        for candidate in candidates:
            if candidate.endswith("/") and candidate[1:] in self.inside:
                return self.inside[candidate[1:]][:_MOST_OF_FOLDER]
            whole = candidate.startswith("/")
            found = self.whole.get(candidate[1:]) if whole else self._nearest(candidate, asker)
            if found is not None:
                return [found]
        return []

    def _nearest(self, ending: str, asker: str) -> int | None:
        """Returns the file in the nearest folder above the importing file, otherwise the first such file by path."""
        parts = ending.split("/")[-_DEEPEST:]
        first = self._endings(len(parts)).get("/".join(parts))
        if first is None:
            return None
        folder = asker
        for _ in range(_DEEPEST):
            folder = folder.rpartition("/")[0]
            found = self.whole.get(f"{folder}/{ending}" if folder else ending)
            if found is not None:
                return found
            if not folder:
                break
        return first

    def _endings(self, parts: int) -> dict[str, int]:
        if parts not in self.by_ending:
            self.by_ending[parts] = {
                "/".join(path.rsplit("/", parts)[-parts:]): number
                for number, path in reversed(list(enumerate(self.paths)))  # so the first of several stays
            }
        return self.by_ending[parts]
