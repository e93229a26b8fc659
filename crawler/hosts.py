"""Which address a crawl may ask: the host that the user named, and nothing that it leads to elsewhere."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, urlsplit

from utils.errors import InputError

__all__ = ["RESTRICTED", "Site", "address_trouble", "restriction"]

_FANDOM: Final = (
    "Fandom's terms of use restrict automated collection of its pages and their use for machine learning, although the"
    " text itself is under CC BY-SA"
)
RESTRICTED: Final = {
    "fandom.com": _FANDOM,
    "gamepedia.com": _FANDOM,
    "wikia.com": _FANDOM,
    "wikia.org": _FANDOM,
    "imdb.com": "IMDb's conditions of use forbid robots and screen scraping without written consent",
    "scribd.com": "Scribd's terms forbid automated access, and its documents belong to those who wrote them",
}
"""Hosts, with all below them, whose terms restrict what this crawler does, and why."""

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
# A metadata service is no site, even if somebody names it: link-local addresses, and those that clouds set apart.
_NEVER: Final = frozenset({"100.100.100.200", "fd00:ec2::254", "168.63.129.16", "192.0.0.192"})


def restriction(host: str) -> str | None:
    """Return why a host must not be crawled without permission, or None."""
    labels = host.casefold().rstrip(".").split(".")
    return next((RESTRICTED[name] for i in range(len(labels)) if (name := ".".join(labels[i:])) in RESTRICTED), None)


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        found = ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found


def _is_inside(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return not address.is_global or address.is_multicast


def _is_loopback_name(host: str) -> bool:
    return host == "localhost" or host.endswith(".localhost")


@dataclass(frozen=True, slots=True)
class Site:
    """A site as the user named it.

    Attributes:
        url: Its address, without user, fragment or trailing space.
        scheme: ``http`` or ``https``.
        host: In lower case, without the dot that may end it.
        port: As a number.
    """

    url: str
    scheme: str
    host: str
    port: int

    @classmethod
    def read(cls, written: str, *, permitted: bool = False) -> Site:
        """Check an address.

        Args:
            written: What the user gave; without a scheme it is taken for https.
            permitted: Whether the user has the permission of a host that restricts crawling.

        Raises:
            InputError: If it is no web address, names a metadata service, or a restricted host.
        """
        shown = written.strip()
        site = _read(shown if "://" in shown else f"https://{shown}", shown)
        address = _address(site.host)
        if address is not None and (address.is_link_local or str(address) in _NEVER or address.is_multicast):
            raise InputError(f"{shown} is an address of a network's own services, not a site; give another --site.")
        if not permitted and (reason := restriction(site.host)):
            raise InputError(
                f"{site.host} is not crawled: {reason}. Ask its operator, and give --i-have-permission if it agrees."
            )
        return site

    @property
    def is_local(self) -> bool:
        """Whether the user named this very machine."""
        address = _address(self.host)
        return _is_loopback_name(self.host) or bool(address and address.is_loopback)

    @property
    def may_be_inside(self) -> bool:
        """Whether the name itself says that the site is not on the internet: an address, or localhost."""
        return _is_loopback_name(self.host) or _address(self.host) is not None

    def trouble(self, url: str) -> str | None:
        """Say why an address that the site leads to must not be asked, or None.

        Only the named host is asked, on its port, or on the default port of https in place of http.
        """
        try:
            parts = urlsplit(url)
            port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
        except ValueError:
            return "it is no web address"
        host = (parts.hostname or "").rstrip(".")
        if parts.scheme not in _DEFAULT_PORTS:
            return f"it is {parts.scheme or 'no'}:, not http or https"
        if host != self.host:
            inside = _address(host)
            kind = "a private address" if _is_loopback_name(host) or (inside and _is_inside(inside)) else "another site"
            return f"it is {kind}, {host or 'without a name'}"
        upgraded = (self.scheme, self.port, parts.scheme, port) == ("http", 80, "https", 443)
        if (parts.scheme, port) != (self.scheme, self.port) and not upgraded:
            return f"it is another service of {host}, {parts.scheme} on port {port}"
        return None


def _read(url: str, shown: str) -> Site:
    if "@" in url.partition("://")[2].partition("/")[0]:  # Before a message could show it.
        raise InputError("The address holds a user name; give --site without it.")
    try:
        parts = urlsplit(url)
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)
        host = (parts.hostname or "").rstrip(".").encode("idna").decode("ascii")
    except ValueError:  # UnicodeError is one.
        raise InputError(f"'{shown}' is no web address; give --site like https://wiki.example.org.") from None
    if parts.scheme not in _DEFAULT_PORTS or not host or any(map(str.isspace, url)):
        raise InputError(f"'{shown}' is no web address; give --site like https://wiki.example.org.")
    if "@" in parts.netloc:
        raise InputError("The address holds a user name; give --site without it.")
    return Site(_rebuilt(parts, host, port), parts.scheme, host, port)


def _rebuilt(parts: SplitResult, host: str, port: int) -> str:
    named = f"[{host}]" if ":" in host else host
    netloc = named if port == _DEFAULT_PORTS[parts.scheme] else f"{named}:{port}"
    return parts._replace(netloc=netloc, path=parts.path or "/", fragment="").geturl()


def address_trouble(site: Site, host: str, address: str) -> str | None:
    """Say why the answer of a name server must not be used, or None.

    A name of the internet that answers with an address inside would reach services of this machine or network.

    Args:
        site: What the user named.
        host: The name that was looked up. Others than the site's are proxies, which the user has set up.
        address: The answer.
    """
    found = _address(address)
    if host.rstrip(".").casefold() != site.host or site.may_be_inside or found is None or not _is_inside(found):
        return None
    return f"{host} is a name for the private address {address}"
