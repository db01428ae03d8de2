"""The retry policy for object stores, and errors that name the object, the operation and what to do."""

import logging
import random
import re
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from tokenmill.core.errors import DataError, RecipeError

logger = logging.getLogger(__name__)

T = TypeVar("T")

ATTEMPTS = 8
"""Number of attempts at a request before the store counts as down. They take about half a minute."""

FIRST_WAIT = 0.4
"""Longest wait before the second attempt, in seconds. It doubles before each further attempt, up to LONGEST_WAIT."""

LONGEST_WAIT = 20.0

READS = ("read", "open", "list", "look up")
"""Operations whose denial affects one input and is a DataError. A denied write affects the run: a RecipeError."""

_HOW_TO_SIGN = (
    "they are read from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, from the profile AWS_PROFILE, then from the "
    "machine's role"
)

_SIGNED = re.compile(r"(?i)(signature|token|secret|credential|password|sig|key)=[^&#]*")
_DROPPED = {
    "ConnectionError", "HTTPClientError", "IncompleteReadError", "ResponseParserError", "ClientConnectionError",
    "ClientPayloadError", "ServerTimeoutError", "FSTimeoutError",
}  # fmt: skip
"""Classes of botocore, aiohttp and fsspec for broken connections; names, because they may not be installed."""

_DOWN = {
    "500", "502", "503", "504", "InternalError", "SlowDown", "ServiceUnavailable", "Throttling", "ThrottlingException",
    "RequestThrottled", "RequestTimeout", "RequestTimeoutException", "IncompleteBody", "OperationAborted",
    "XAmzContentSHA256Mismatch", "BadDigest", "429",
}  # fmt: skip
_UNSIGNED = {"NoCredentialsError", "PartialCredentialsError", "ProfileNotFound", "TokenRetrievalError"}  # botocore
_LOCKED_OUT = {
    "ExpiredToken", "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "RequestTimeTooSkewed",
    "TokenRefreshRequired", "AccountProblem", "AllAccessDisabled",
}  # fmt: skip


class StoreUnavailable(DataError):
    """The store failed at every attempt; the same request may work later."""


class Truncated(OSError):
    """Fewer bytes arrived than were requested."""


def retried(operation: str, url: str, do: Callable[[], T]) -> T:
    """Returns the result of a request to an object store, do(), which is called again after transient errors.

    Raises explained() of the last one.
    """
    for wait in waits():
        try:
            return do()
        except Exception as error:
            if wait is None or not is_transient(error):
                raise explained(operation, url, error) from error
            logger.debug("%s of %s: %s; again in %.1f s", operation, url, type(error).__name__, wait)
        time.sleep(wait)
    raise AssertionError("waits() ends with None")


def waits() -> Iterator[float | None]:
    """Yields the seconds before each further attempt at a request to an object store, then None.

    They grow exponentially, with jitter, so that many workers do not retry at the same time.
    """
    for attempt in range(ATTEMPTS - 1):
        yield random.uniform(0.1, 1.0) * min(LONGEST_WAIT, FIRST_WAIT * 2**attempt)
    yield None


def is_transient(error: BaseException) -> bool:
    """Returns True for an error that may not occur again: a busy store, a broken connection, an incomplete body."""
    if isinstance(error, RecipeError | DataError | FileNotFoundError | FileExistsError | PermissionError):
        return False
    code = error_code(error)
    if code:
        return code in _DOWN
    if isinstance(error, Truncated | TimeoutError | ConnectionError):
        return True
    return bool({kind.__name__ for kind in type(error).__mro__} & _DROPPED)


def error_code(error: BaseException) -> str:
    """Returns the code that an object store gave to an error, or "" if there is none."""
    chain: list[BaseException] = []  # causes can form a cycle
    seen: BaseException | None = error
    while seen is not None and all(seen is not one for one in chain):
        response = getattr(seen, "response", None)
        if isinstance(response, dict) and "Error" in response:
            return str(response["Error"].get("Code", ""))
        chain.append(seen)
        seen = seen.__cause__ or seen.__context__
    return ""


def explained(operation: str, url: str, error: BaseException) -> Exception:
    """Returns the error of a request to an object store as one that the user can act on.

    A missing object stays a FileNotFoundError, as callers expect.
    """
    code, where = error_code(error), f"{without_credentials(url)}: {operation}"
    if isinstance(error, RecipeError | DataError | FileExistsError):
        return error
    if code == "NoSuchBucket":
        return RecipeError(f"{where}: there is no such bucket; create it, or correct the URL")
    if type(error).__name__ in _UNSIGNED:
        return RecipeError(f"{where}: no credentials ({error}); {_HOW_TO_SIGN}")
    if code in _LOCKED_OUT:
        return RecipeError(f"{where}: the store does not accept the credentials ({code}); {_HOW_TO_SIGN}")
    if isinstance(error, PermissionError) or code in ("403", "AccessDenied"):
        kind = DataError if operation in READS else RecipeError
        return kind(
            f"{where}: denied ({code or 'permission'}). Grant it to the credentials in use, or use others; "
            f"{_HOW_TO_SIGN}"
        )
    if isinstance(error, FileNotFoundError):
        return FileNotFoundError(2, f"{operation}: no such object", without_credentials(url))
    if code == "PreconditionFailed" or type(error).__name__ == "FileExpired":
        return DataError(f"{where}: the object changed while it was read; run again, so that the plan has the new one")
    if is_transient(error):
        what = code or type(error).__name__
        return StoreUnavailable(
            f"{where}: failed {ATTEMPTS} times, last with {what}; finished results are not lost, run again"
        )
    return DataError(
        f"{where}: {code or type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no reason'}"
    )


def without_credentials(url: str) -> str:
    """Returns the URL of an object in a store, without user, password, and values that look like a signature."""
    scheme, mark, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return _SIGNED.sub(r"\1=…", f"{scheme}{mark}{host.rpartition('@')[2]}{slash}{path}")
