"""Normal forms of URLs: two URLs with equal normal forms are the same address."""

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tokenmill.text.url.hosts import clean_host, hosts
from tokenmill.text.words.segment import string_buffer

_PARTS = (
    r"^(?i:https?:)?//(?:[^/?#@]*@)?(?P<host>\[[^\]/?#]*\]|[^:/?#]*)(?P<port>:[0-9]*)?"
    r"(?P<path>[^?#]*)(?P<query>\?[^#]*)?(?:#(?s:.*))?$"
)
_TRACKING = (
    r"(^|[?&])(?i:utm_[a-z_]+|fbclid|gclid|gclsrc|dclid|msclkid|yclid|igshid|mc_cid|mc_eid|_ga|_gl|phpsessid|jsessionid"
    r"|sessionid)=[^&]*"
)
_SCHEME = r"^[\x00-\x20]*(?:[A-Za-z][A-Za-z0-9+.\-]*:)?[/\\]{2,}"
_HOST = re.compile(r"(?:[^/?#\\]*@)?(\[[^\]]*\]|[^:/?#\\]*)(.*)", re.DOTALL)


def normal_urls(urls: pa.Array) -> pa.Array:
    """Returns the normal form of each URL, as strings.

    It has no scheme, user, `www.`, default port, slashes at the end of the path, tracking parameters and fragment, and
    its host is in lower case. A text that is not an http or https URL only loses the white space around it.
    """
    bare = pc.utf8_trim_whitespace(urls.cast(pa.string()))
    parts = pc.extract_regex(bare, pattern=_PARTS)
    host, port, path, query = (pc.struct_field(parts, name) for name in ("host", "port", "path", "query"))
    host = pc.replace_substring_regex(pc.utf8_lower(host), pattern=r"^www\.|\.$", replacement="")
    port = pc.replace_substring_regex(port, pattern=r"^:(80|443)?$", replacement="")
    path = pc.utf8_rtrim(path, characters="/")
    query = pc.replace_substring_regex(query, pattern=_TRACKING, replacement=r"\1")
    query = pc.replace_substring_regex(query, pattern=r"[?&]+", replacement="&")
    query = pc.utf8_trim(query, characters="&")
    mark = pc.if_else(pc.equal(query, ""), "", "?")
    normal = pc.binary_join_element_wise(host, port, path, mark, query, "")
    return pc.if_else(parts.is_valid(), normal, bare)


def address_keys(urls: pa.Array) -> pa.Array:
    """Returns the normal form of each URL, with any scheme or none, and with the host that it really leads to.

    Same as normal_urls() otherwise. Hosts are read as hosts() does.
    """
    bare = pc.replace_substring_regex(pc.utf8_trim_whitespace(urls.cast(pa.string())), pattern=_SCHEME, replacement="")
    _, odd = hosts(*string_buffer(bare))
    if len(odd):
        where = np.zeros(len(bare), dtype=np.bool_)
        where[odd] = True
        plain = [_with_plain_host(url) for url in bare.take(pa.array(odd)).to_pylist()]
        bare = pc.replace_with_mask(bare, pa.array(where), pa.array(plain, type=pa.string()))
    return normal_urls(pc.binary_join_element_wise("//", bare, ""))


def _with_plain_host(url: str) -> str:
    host, rest = _HOST.fullmatch(url).groups()  # type: ignore[union-attr]  # it matches anything
    return (clean_host(host.encode()) or host) + rest
