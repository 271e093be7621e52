"""Which web addresses are fetched: http and https, of hosts that stand in the public internet.

An address is taken apart once, here, and never put together for another parser to read: two that disagree are how
guards are passed (CVE-2026-45400). What two readings of an address could disagree about is refused.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import quote, urljoin, urlsplit

from ingest.errors import UsageError
from ingest.plain import without_secrets

PORTS = {"http": 80, "https": 443}
LONGEST = 2000  # characters, as browsers and proxies allow
# Networks that `ipaddress` counts as global, or may, and that lead to others: their addresses hold one of IPv4.
TRANSLATED = (
    (ipaddress.IPv6Network("64:ff9b::/96"), 0),  # NAT64, RFC 6052
    (ipaddress.IPv6Network("2002::/16"), 80),  # 6to4, RFC 3056: bits right of the address inside
    (ipaddress.IPv6Network("::/96"), 0),  # "IPv4-compatible", RFC 4291 2.5.5.1
    (ipaddress.IPv6Network("::ffff:0:0/96"), 0),  # "IPv4-mapped"
    (ipaddress.IPv6Network("::ffff:0:0:0/96"), 0),  # "IPv4-translated", RFC 2765
)
REFUSED = tuple(
    ipaddress.ip_network(network)
    for network in (
        "192.88.99.0/24",  # 6to4 relays, RFC 7526
        "2001::/23",  # Teredo and other protocols, RFC 2928
        "64:ff9b:1::/48",  # NAT64 inside a site, RFC 8215
        "fec0::/10",  # inside a site, RFC 3879
        "5f00::/16",  # segment routing, RFC 9602
    )
)

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(?://|[^\\/]*@)|[A-Za-z][A-Za-z0-9+.-]+://")
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f\\\u00a0\u2000-\u200f\u2028-\u202f\u3000\ufeff]")
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_NUMERIC = re.compile(r"\d+|0x[0-9a-f]*")
_SAFE = "/?:@!$&'()*+,;=~%-._[]"


@dataclass(frozen=True, slots=True)
class Address:
    """A web address in its parts. `host` is lower case and ASCII, `target` the path and query that are asked for."""

    scheme: str
    host: str
    port: int
    target: str

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.target}"

    @property
    def authority(self) -> str:
        """Host and port as the `Host` header has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"


def is_address(path: str) -> bool:
    """Whether a person means an address and not a file: it begins with a scheme ("C:\\\\x" does not)."""
    return bool(_SCHEME.match(path.strip()))


def parse_address(text: str, base: Address | None = None) -> Address:
    """The address in a text, relative to `base` where there is one. Raises `UsageError` for all that is not fetched."""
    if len(text) > LONGEST or _FORBIDDEN.search(text):
        raise _refusal(text, "it is too long" if len(text) > LONGEST else "it holds white space or a backslash")
    try:
        parts = urlsplit(urljoin(str(base), text) if base else text)
        port = parts.port
    except ValueError as error:
        raise _refusal(text, str(error)) from error
    if parts.scheme not in PORTS:
        raise _refusal(text, f"only http and https are fetched, not {parts.scheme or 'a path'}")
    if "[" in parts.netloc and ":" not in (parts.hostname or ""):
        raise _refusal(text, "what stands in its brackets is no IPv6 address")
    if "@" in parts.netloc or not parts.hostname:
        raise _refusal(text, "it names a user" if "@" in parts.netloc else "it names no host")
    port = PORTS[parts.scheme] if port is None else port
    if not (port in PORTS.values() or 1024 <= port <= 65_535):
        raise _refusal(text, f"port {port} is none of the web's")
    target = quote(parts.path or "/", safe=_SAFE) + (f"?{quote(parts.query, safe=_SAFE)}" if parts.query else "")
    return Address(parts.scheme, _host(text, parts.hostname), port, target)


def is_public(address: str) -> bool:
    """Whether an IP address stands in the public internet, and so do those that are wrapped in it."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = [ipaddress.IPv4Address(int(ip) >> bits & 0xFFFFFFFF) for network, bits in TRANSLATED if ip in network]
        if inner:
            return all(is_public(str(one)) for one in inner) and ip in TRANSLATED[0][0]
    special = ip.is_multicast or ip.is_reserved or ip.is_unspecified or any(ip in network for network in REFUSED)
    return ip.is_global and not special


def _host(text: str, name: str) -> str:
    """A host name in its one form. Of IP addresses the usual form alone counts: readers differ over "0x7f.1"."""
    if "%" in name:
        raise _refusal(text, "it names a zone of this machine, or hides a character")
    if ":" in name:
        try:
            return str(ipaddress.IPv6Address(name))
        except ValueError as error:
            raise _refusal(text, f"{name!r} is no IPv6 address") from error
    try:
        host = name.encode("idna").decode("ascii").lower().removesuffix(".")
    except UnicodeError as error:
        raise _refusal(text, f"{name!r} is no name of a host") from error
    labels = host.split(".")
    if _NUMERIC.fullmatch(labels[-1]):
        try:
            return str(ipaddress.IPv4Address(host))
        except ValueError as error:
            raise _refusal(text, f"{name!r} is no IPv4 address in its usual form") from error
    if len(host) > 253 or not all(map(_LABEL.fullmatch, labels)):
        raise _refusal(text, f"{name!r} is no name of a host")
    return host


def _refusal(text: str, reason: str) -> UsageError:
    whole = without_secrets(text)
    shown = whole if len(whole) <= 100 else f"{whole[:100]}…"
    return UsageError(f"{shown!r} is not fetched: {reason}.", "Give an address such as https://example.org/page.html.")
