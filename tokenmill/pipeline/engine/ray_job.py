"""A run as a Ray job: handed to a cluster's dashboard, which starts the driver there; its log is followed from here."""

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml
from ray.exceptions import RayError
from ray.job_submission import JobSubmissionClient

from tokenmill.core.errors import DataError, RecipeError
from tokenmill.core.kinds import JsonObject

logger = logging.getLogger(__name__)

_PATIENCE = 5  # how often in a row a broken log connection is opened again


@dataclass(frozen=True)
class SubmittedJob:
    """A job of a cluster, running or ended. address: of the cluster's dashboard."""

    client: JobSubmissionClient
    id: str
    address: str

    @property
    def how_to_follow(self) -> str:
        """The command that follows its log again."""
        return f"pipeline submit --follow {self.id} --address {self.address}"

    def log(self) -> Iterator[str]:
        """What the driver prints, as it does, until the job has ended. A connection that breaks is opened again."""
        seen, failures = 0, 0
        loop = asyncio.new_event_loop()
        try:
            while True:
                chunks = self.client.tail_job_logs(self.id).__aiter__()
                sent = 0  # every connection tells the log from its start
                try:
                    while True:
                        text = loop.run_until_complete(chunks.__anext__())
                        yield text[max(0, seen - sent) :]
                        sent, failures = sent + len(text), 0
                        seen = max(seen, sent)
                except StopAsyncIteration:
                    if self.client.get_job_status(self.id).is_terminal():
                        return
                except (RuntimeError, OSError) as error:
                    failures += 1
                    if failures > _PATIENCE:
                        again = f"it may still run. Follow it again: {self.how_to_follow}"
                        raise DataError(f"job {self.id}: its log cannot be read ({error}); {again}") from error
                loop.run_until_complete(asyncio.sleep(failures))
        finally:
            loop.close()

    def stop(self) -> None:
        """Ask the cluster to end it."""
        self.client.stop_job(self.id)

    def exit_code(self) -> int:
        """How it ended: the driver's own exit code, or 1 where it was stopped or never started, which is logged."""
        info = self.client.get_job_info(self.id)
        code = info.driver_exit_code
        if code is None or code < 0:
            logger.error("job %s: %s: %s", self.id, info.status, info.message)
            return 1
        return int(code)


def submit(address: str, entrypoint: str, runtime_env: JsonObject) -> SubmittedJob:
    """Hand a command to the cluster whose dashboard is at `address`. Raises DataError if it does not take it."""
    try:
        client = JobSubmissionClient(address)
        return SubmittedJob(client, client.submit_job(entrypoint=entrypoint, runtime_env=runtime_env), address)
    except (ConnectionError, RuntimeError, ValueError, RayError) as error:
        raise DataError(
            f"{address}: the job was not taken: {error}. Give the dashboard's address, such as http://head:8265; a "
            "cluster that asks for a token wants RAY_AUTH_MODE=token and its token here"
        ) from error


def follow(address: str, id: str) -> SubmittedJob:
    """A job that was submitted before. Raises DataError if the cluster does not know it."""
    try:
        client = JobSubmissionClient(address)
        client.get_job_status(id)
    except (ConnectionError, RuntimeError, ValueError, RayError) as error:
        problem = str(error).strip()[:500]
        where = f"`ray job list --address {address}` names the jobs"
        token = "a cluster that asks for a token needs RAY_AUTH_MODE=token and its token here"
        raise DataError(f"{address}: no job {id!r}: {problem}. {where}; {token}") from error
    return SubmittedJob(client, id, address)


def runtime_env(file: Path | None, working_dir: Path) -> JsonObject:
    """The environment of a job: what a YAML file says, with the working directory that is sent along."""
    if not working_dir.is_dir():
        raise RecipeError(
            f"--working-dir {working_dir}: no such folder; it is sent to the cluster with the recipe in it"
        )
    if file is None:
        return {"working_dir": str(working_dir)}
    try:
        said = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise RecipeError(f"--runtime-env {file}: {error}; expected a YAML file of a Ray runtime_env") from error
    if not isinstance(said, dict):
        raise RecipeError(f"--runtime-env {file}: expected a mapping such as {{pip: [...]}}, found {said!r}")
    return {"working_dir": str(working_dir), **said}
