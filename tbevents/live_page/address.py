"""Where a board is served: host and port, who may ask, and the sockets that are bound."""

from __future__ import annotations

import errno
import ipaddress
import os
import re
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
"""Names under which only this machine can be reached."""

_ALL: Final = ("", "0.0.0.0", "::")  # recognized, not bound to by default

_HOST_NAME: Final = re.compile(r"(\*\.)?[A-Za-z0-9_.-]+")
"""A name or IPv4 address, or all names that end so, as the header Host has them: without scheme, port and path."""

_ATTEMPTS: Final = 20
"""How many free ports are tried until one is free on all addresses of a host."""

_IN_USE: Final = (errno.EADDRINUSE, errno.EACCES)

_NOT_HERE: Final = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
"""What an address is refused with that this machine does not have, such as ::1 where IPv6 is switched off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a board is served, and to whom.

    Attributes:
        host: name or address to bind to; all addresses of a name are bound, of localhost 127.0.0.1 and ::1.
        port: port to bind to; 0 takes a free one.
        token: whether the URL holds a random token, without which nothing is answered.
        allowed_hosts: more host names that requests may be for, such as that of a proxy, without scheme and port.
        root_path: path under which a proxy shows the board.
        framed: whether pages of this machine (on its loopback address) may show the board in a frame, as notebooks do.
            The token is in the path of the URL then: a frame has no cookies if the page around it is of another site.

    Raises:
        ValueError: if there is no token, and the host is not the loopback address; or a value is out of range.
    """

    host: str = "127.0.0.1"
    port: int = 6007
    token: bool = True
    allowed_hosts: tuple[str, ...] = ()
    root_path: str = ""
    framed: bool = False

    def __post_init__(self) -> None:
        if not self.token and self.host not in LOOPBACK:
            raise ValueError(f"a board without a token must be on the loopback address (127.0.0.1), not {self.host!r}")
        if not 0 <= self.port <= 65535:
            raise ValueError(f"port must be from 0 to 65535, not {self.port}")
        for name in self.allowed_hosts:
            if not (_HOST_NAME.fullmatch(name) or _is_ipv6(name)):
                wanted = "a host name or address without scheme, port and path, or *.domain"
                raise ValueError(f"an allowed host must be {wanted}, not {name!r}")

    def names(self) -> tuple[str, ...]:
        """Returns the host names that requests may be for."""
        found = [*LOOPBACK, "[::1]", *self.allowed_hosts]
        if self.host in _ALL:
            found += [socket.gethostname(), socket.getfqdn(), *_own_addresses()]
        elif self.host not in LOOPBACK:
            found.append(self.host)
        return tuple(dict.fromkeys(name.lower() for name in found))

    def bind(self) -> list[socket.socket]:
        """Returns listening sockets: one for each address of the host, all with the same port.

        Raises:
            OSError: if the port is in use on one of the addresses, if none of them is this machine's, or if the host is
                unknown.
        """
        try:
            for _ in range(_ATTEMPTS):
                bound = _bind_all(self._addresses(), self.port)
                if bound is not None:
                    return bound
            raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
        except OSError as error:
            hint = ""
            if self.port and error.errno in _IN_USE:
                hint = "; choose another with --port, or --port 0 for any free port"
            elif isinstance(error, socket.gaierror) or error.errno in _NOT_HERE:
                hint = "; --host must be a name or address of this machine, such as 127.0.0.1"
            raise OSError(error.errno, f"{self.host}:{self.port}: {error.strerror}{hint}") from error

    def _addresses(self) -> list[tuple[socket.AddressFamily, Any]]:
        """The addresses of the host, each as `socket.bind` wants it. Browsers take localhost for both of these."""
        hosts = ("127.0.0.1", "::1") if self.host == "localhost" else (self.host or None,)
        found = [
            (family, name)
            for host in hosts
            for family, _, _, _, name in socket.getaddrinfo(
                host, self.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )
        ]
        return list(dict.fromkeys(found))

    def url(self, port: int, token: str | None) -> str:
        """Returns the URL that a browser opens.

        Args:
            port: that was bound.
            token: that the board wants; None if it wants none.
        """
        host = "127.0.0.1" if self.host in ("", "0.0.0.0") else "::1" if self.host == "::" else self.host
        path = self.root_path.strip("/")
        if token is not None and self.framed:
            path, token = f"{path}/{token}".strip("/"), None
        query = "" if token is None else f"?token={token}"
        return f"http://{f'[{host}]' if ':' in host else host}:{port}/{path + '/' if path else ''}{query}"


def _bind_all(addresses: Sequence[tuple[socket.AddressFamily, Any]], port: int) -> list[socket.socket] | None:
    """Binds addresses to one port; 0 lets the first choose. Returns None if that one is in use on another address.

    Raises:
        OSError: if an address cannot be bound. One that this machine does not have is passed over if it has another.
    """
    bound: list[socket.socket] = []
    missing: OSError | None = None
    try:
        for family, name in addresses:
            chosen = bound[0].getsockname()[1] if bound else port
            try:
                bound.append(_bind(family, (name[0], chosen, *name[2:]), alone=len(addresses) == 1))
            except OSError as error:
                if error.errno in _NOT_HERE:
                    missing = error
                elif bound and not port:
                    _close(bound)
                    return None
                else:
                    raise
        if missing is not None and not bound:
            raise missing
    except BaseException:
        _close(bound)
        raise
    return bound


def _bind(family: socket.AddressFamily, name: Any, *, alone: bool) -> socket.socket:
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name == "posix":  # elsewhere it lets others bind the same port
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6 and not alone:  # :: would take the port of 0.0.0.0, too
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        bound.bind(name)
        bound.listen(128)
    except BaseException:
        bound.close()
        raise
    return bound


def _close(sockets: Iterable[socket.socket]) -> None:
    for each in sockets:
        each.close()


def _is_ipv6(host: str) -> bool:
    """Returns whether a host is an IPv6 address, with brackets or without."""
    try:
        ipaddress.IPv6Address(host.strip("[]"))
    except ValueError:
        return False
    return True


def _own_addresses() -> list[str]:
    try:
        return [str(info[4][0]) for info in socket.getaddrinfo(socket.gethostname(), None)]
    except OSError:
        return []
