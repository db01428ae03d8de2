"""Starts a run from results of another run that have the same fingerprints: `run --reuse RUN`.

All bytes of a result are compared with their checksums before it is copied. A damaged result is made again.
"""

import logging
import shutil
from dataclasses import replace

from tokenmill.core.errors import RecipeError
from tokenmill.core.io import storage
from tokenmill.core.io.storage import join
from tokenmill.pipeline.driver.reuse import renumbered
from tokenmill.pipeline.planning.plan import PlannedStage, check_done
from tokenmill.pipeline.record.facts import facts_path, lend_facts
from tokenmill.pipeline.record.kept import faults_of
from tokenmill.pipeline.record.ledger import Ledger, whole_manifest
from tokenmill.pipeline.record.manifest import Manifest, to_json
from tokenmill.pipeline.record.run_format import check_format

logger = logging.getLogger(__name__)


class OtherRun:
    """The finished results of another run, by fingerprint.

    Raises RecipeError if the folder has no run, or a run of another format.
    """

    def __init__(self, run: str) -> None:
        if not storage.exists(join(run, "recipe.yaml")):
            raise RecipeError(
                f"--reuse {run}: no run here (no recipe.yaml); give a run's folder, for example runs/mini"
            )
        check_format(run)
        self._ledgers = [Ledger(join(run, stage)) for stage in storage.list_folders(run)]
        self._places = {
            fingerprint: (ledger, number)
            for ledger in self._ledgers
            for number, fingerprint in ledger.fingerprints.items()
        }

    def lend(self, planned: PlannedStage) -> PlannedStage:
        """Copies the results that the stage lacks and the other run has. Returns the stage as it is afterwards.

        Files on the same local disk are linked instead of copied.
        """
        count = 0
        for shard in planned.shards:
            ledger, number = self._places.get(shard.fingerprint, (None, 0))
            if not shard.done and ledger is not None and ledger.whole(number) and _sound(ledger.folder, ledger[number]):
                manifest = ledger[number]
                outputs = [replace(one, path=renumbered(one.path, shard.number)) for one in manifest.outputs]
                _copy_files(ledger.folder, manifest, planned.folder, replace(manifest, outputs=outputs))
                path = planned.manifest_path(shard.number)
                storage.write_bytes(path, to_json(replace(manifest, outputs=outputs)))
                count += 1
        for ledger in self._ledgers if planned.stage.has_facts and count else ():
            lend_facts(facts_path(ledger.folder), planned.folder, planned.root)
        if planned.stage.writes_corpus and not planned.whole:
            count += self._lend_corpus(planned)
        if count:
            logger.info("%s: %d results come from another run", planned.name, count)
        return check_done(planned) if count else planned

    def outlook(self, planned: PlannedStage) -> str:
        """Returns one line with the number of results that lend() would copy, "" if there are none."""
        lacking = (shard.fingerprint for shard in planned.shards if not shard.done)
        found = (self._places[one] for one in lacking if one in self._places)
        count = sum(ledger.whole(number) for ledger, number in found)
        return f"{count:,} results come from the other run (--reuse)" if count else ""

    def _lend_corpus(self, planned: PlannedStage) -> bool:
        for ledger in self._ledgers:
            found = whole_manifest(join(ledger.folder, "manifest", "corpus.json"), ledger.folder)
            if found is not None and found.fingerprint == planned.root and _sound(ledger.folder, found):
                _copy_files(ledger.folder, found, planned.folder, found)
                storage.write_bytes(planned.corpus_manifest, to_json(found))
                return True
        return False


def _sound(folder: str, manifest: Manifest) -> bool:
    """Returns True if the files of a result are as they were written. Logs a warning for each file that is not."""
    found = faults_of(folder, manifest)
    for path, fault in found.items():
        logger.warning("%s: %s; the result is not reused", path, fault.text)
    return not found


def _copy_files(old_folder: str, old: Manifest, new_folder: str, new: Manifest) -> None:
    for here, there in zip(old.outputs, new.outputs, strict=True):
        _copy(join(old_folder, here.path), join(new_folder, there.path))


def _copy(old: str, new: str) -> None:
    schemes = {path.partition("://")[0] if storage.is_url(path) else "" for path in (old, new)}
    if len(schemes) == 1:
        storage.copy(old, new)
        return
    with storage.open_input(old) as source, storage.open_output(new) as sink:
        shutil.copyfileobj(source, sink, 1 << 20)
