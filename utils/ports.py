"""Taking a port to listen on, or saying in one sentence why it cannot be had."""

from __future__ import annotations

import errno
import ipaddress
import socket

from utils.errors import InputError

__all__ = ["is_loopback_host", "listen"]


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens.

    Raises:
        InputError: If the port is taken, or the host is none of this machine's addresses.
    """
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise InputError(
                f"Port {port} is in use; stop the program that uses it, or take another: --port {port + 1}"
            ) from None
        raise InputError(
            f"Cannot listen on {host}, port {port} ({error.strerror}); give another --host or --port."
        ) from None


def is_loopback_host(host: str) -> bool:
    """Return whether nobody but this machine reaches what listens there."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.casefold() == "localhost"
