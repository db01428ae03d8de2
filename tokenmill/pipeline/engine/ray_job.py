"""Submits a run as a Ray job. The cluster's dashboard starts the driver there, and its log is followed from here."""

import asyncio
import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml
from ray.exceptions import RayError
from ray.job_submission import JobSubmissionClient

from tokenmill.core.errors import DataError, RecipeError
from tokenmill.core.kinds import JsonObject

logger = logging.getLogger(__name__)

_PATIENCE = 5  # a broken log connection is opened again this many times in a row
_START_SECONDS = 60.0  # time that a cluster may need after its start until its nodes accept jobs


@dataclass(frozen=True)
class SubmittedJob:
    """A job of a cluster, running or ended. address: the address of the cluster's dashboard."""

    client: JobSubmissionClient
    id: str
    address: str

    @property
    def how_to_follow(self) -> str:
        """Returns the command that follows the job's log again."""
        return f"pipeline submit --follow {self.id} --address {self.address}"

    def log(self) -> Iterator[str]:
        """Yields the driver's output while it is printed, until the job has ended. Reconnects if the connection breaks.

        Raises DataError if the connection breaks too often in a row.
        """
        seen, failures = 0, 0
        loop = asyncio.new_event_loop()
        try:
            while True:
                chunks = self.client.tail_job_logs(self.id).__aiter__()
                sent = 0  # every connection sends the log from its start
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
        """Asks the cluster to end the job."""
        self.client.stop_job(self.id)

    def exit_code(self) -> int:
        """Returns the driver's exit code. If the job was stopped or never started, logs why and returns 1."""
        info = self.client.get_job_info(self.id)
        code = info.driver_exit_code
        if code is None or code < 0:
            logger.error("job %s: %s: %s", self.id, info.status, info.message)
            return 1
        return int(code)


def submit(address: str, entrypoint: str, runtime_env: JsonObject) -> SubmittedJob:
    """Submits a command as a Ray job to the cluster whose dashboard is at `address`.

    Raises DataError if it is not accepted.
    """
    try:
        client = JobSubmissionClient(address)
        return SubmittedJob(client, _taken(client, entrypoint, runtime_env), address)
    except (ConnectionError, RuntimeError, ValueError, RayError) as error:
        raise DataError(
            f"{address}: the job was not accepted: {error}. Give the dashboard's address, such as http://head:8265; a "
            "cluster that asks for a token needs RAY_AUTH_MODE=token and its token here"
        ) from error


def follow(address: str, id: str) -> SubmittedJob:
    """Returns a Ray job that was submitted before. Raises DataError if the cluster does not know it."""
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
    """Returns Ray's runtime_env for a job: the content of a YAML file and the working directory, which is sent along.

    file: None means only the working directory. A `working_dir` in the file takes precedence. Raises RecipeError if
    the file cannot be read or the folder does not exist.
    """
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


def _taken(client: JobSubmissionClient, entrypoint: str, runtime_env: JsonObject) -> str:
    """Submits the job and returns its id. Waits for the agents of the nodes, which start after the dashboard."""
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            return str(client.submit_job(entrypoint=entrypoint, runtime_env=runtime_env))
        except RuntimeError as error:
            if "No available agent" not in str(error) or time.monotonic() > deadline:
                raise
        logger.info("no node of the cluster accepts jobs yet; asking again")
        time.sleep(2.0)
