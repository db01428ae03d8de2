"""S3 through s3fs: each request is retried by the policy of retry.py and counted. remote.py imports it by name.

s3fs and botocore would both retry, each by its own rules and one inside the other, so a store that is down would get
hundreds of requests. Both are configured to try once, and every request goes through _call_s3 below.
"""

import asyncio
import hashlib
from collections import Counter
from typing import Any

import fsspec.config
from fsspec.asyn import sync_wrapper
from s3fs import S3FileSystem

from tokenmill.core.io.retry import error_code, explained, is_transient, waits

REQUESTS: Counter[str] = Counter()
"""{S3 operation: number of requests of this process}, and under `retries` the number of retries among them."""

_READ_TIMEOUT = 60
_CONNECT_TIMEOUT = 10
_CONNECTIONS = 64

_VERBS = {"get_object": "read", "head_object": "look up", "list_objects_v2": "list", "head_bucket": "look up",
          "delete_object": "delete", "delete_objects": "delete", "copy_object": "copy"}  # fmt: skip


class S3(S3FileSystem):  # type: ignore[misc]
    """s3fs with the retries of retry.py. A missing object stays a FileNotFoundError."""

    retries = 1

    async def _call_s3(self, method: str, *akwarglist: Any, **kwargs: Any) -> Any:
        url = "s3://" + "/".join(str(kwargs[part]) for part in ("Bucket", "Key", "Prefix") if kwargs.get(part))
        for attempt, wait in enumerate(waits()):
            REQUESTS[method] += 1
            REQUESTS["retries"] += attempt > 0
            try:
                return _checked(url, await super()._call_s3(method, *akwarglist, **kwargs))
            except FileNotFoundError as error:
                if error_code(error) == "NoSuchUpload" and attempt and method == "complete_multipart_upload":
                    return await self._completed(kwargs, error)  # the answer to an earlier attempt was lost
                if error_code(error) == "NoSuchBucket":
                    raise explained(_VERBS.get(method, "write"), url, error) from error
                raise
            except Exception as error:
                if wait is None or not is_transient(error):
                    raise explained(_VERBS.get(method, "write"), url, error) from error
            await asyncio.sleep(wait)
        raise AssertionError("waits() ends with None")

    call_s3 = sync_wrapper(_call_s3)

    async def _completed(self, upload: dict[str, Any], error: Exception) -> Any:
        """Returns the object of an upload that is gone because it was completed: the ETag matches the upload's parts.

        Raises the error if the ETag is another one.
        """
        parts = upload["MultipartUpload"]["Parts"]
        whole = hashlib.md5(b"".join(bytes.fromhex(part["ETag"].strip('"')) for part in parts), usedforsecurity=False)
        found = await self._call_s3("head_object", Bucket=upload["Bucket"], Key=upload["Key"])
        if found["ETag"].strip('"') != f"{whole.hexdigest()}-{len(parts)}":
            raise error
        return found


def _checked(url: str, answer: Any) -> Any:
    """Returns the answer. Raises _Refused if it lists errors: delete_objects answers 200 even if it fails."""
    for fault in answer.get("Errors", ()) if isinstance(answer, dict) else ():
        place = url.split("/")[2]
        raise _Refused(fault, f"s3://{place}/{fault.get('Key', '')}")
    return answer


class _Refused(OSError):
    def __init__(self, fault: dict[str, Any], url: str) -> None:
        super().__init__(f"{url}: {fault.get('Message', '')}")
        self.response = {"Error": fault}


def filesystem() -> S3:
    """Returns the filesystem for S3, with retries. botocore finds endpoint, region and credentials."""
    asked = fsspec.config.conf.get("s3", {}).get("config_kwargs", {})
    ours = {"read_timeout": _READ_TIMEOUT, "connect_timeout": _CONNECT_TIMEOUT, "max_pool_connections": _CONNECTIONS}
    config = {**ours, **asked, "retries": {"total_max_attempts": 1, "mode": "standard"}}
    return S3(use_listings_cache=False, config_kwargs=config, max_concurrency=1)
