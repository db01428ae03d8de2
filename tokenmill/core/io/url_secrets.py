"""Removes secrets from URLs: passwords and the signatures of signed addresses.

The result stays the same when an address is signed again, so it can also name a file in ids and fingerprints.
"""

import re
from urllib.parse import urlsplit, urlunsplit

_SECRET = re.compile(
    r"x-(?:amz|goog|oss|cos|ms)-.*|aws.*|google.*|.*(?:sig|token|key|secret|passw|pwd|credential|auth|session).*"
    r"|policy|expires?|e|se|sp|sv|sr|st|spr|sip|sdd|ske|skt|sks|skv|skoid|sktid|hdnea",  # the last ones: Azure, Akamai
    re.IGNORECASE,
)


def shown(address: str) -> str:
    """Returns the address of an input without user name, password, fragment, and parameters that sign or unlock it."""
    if "://" not in address:
        return address
    parts = urlsplit(address)
    if not (parts.query or parts.fragment or "@" in parts.netloc):
        return address
    kept = [pair for pair in parts.query.split("&") if pair and not _SECRET.fullmatch(pair.partition("=")[0])]
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "&".join(kept), ""))
