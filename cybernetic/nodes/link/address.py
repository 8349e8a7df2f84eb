"""Where a link goes: addresses as small values, each with a text form."""

import ipaddress
from dataclasses import dataclass

from cybernetic.core import OptionError, whole

_FORMS = '"unix:/path", "tcp:host:port", "tcp:host:first-last" to listen, or "memory:name"'
_LONGEST_PATH = 107  # bytes: what the system's structure for it holds


@dataclass(frozen=True, slots=True)
class UnixAddress:
    """A Unix socket, by its path (at most 107 bytes). Raises `OptionError` for one that cannot be."""

    path: str

    def __post_init__(self) -> None:
        size = len(self.path.encode(errors="surrogateescape"))
        if not self.path or "\0" in self.path or size > _LONGEST_PATH:
            raise OptionError("path", f"1 to {_LONGEST_PATH} bytes", self.path)

    def __str__(self) -> str:
        return f"unix:{self.path}"


@dataclass(frozen=True, slots=True)
class TcpAddress:
    """A TCP port: `host` as a name or a number, `port` 0 to 65,535 (0: any free one, to listen on).

    With `last` it is the first free one of `port` to `last`: to listen on, not to be called.

    Raises `OptionError` for what cannot be.
    """

    host: str
    port: int
    last: int = 0

    def __post_init__(self) -> None:
        if not self.host or any(sign in self.host for sign in " []/"):
            raise OptionError("host", "the name or number of a host", self.host)
        if whole("port", self.port) > 65_535:
            raise OptionError("port", "0 to 65535", self.port)
        if whole("last", self.last) > 65_535 or (self.last and not 0 < self.port <= self.last):
            raise OptionError("ports", "the first and the last, 1 to 65535", f"{self.port}-{self.last}")

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"tcp:{host}:{self.port}" + (f"-{self.last}" if self.last else "")

    @property
    def ports(self) -> range:
        """Those that it stands for."""
        return range(self.port, max(self.port, self.last) + 1)

    @property
    def loopback(self) -> bool:
        """Whether what goes there certainly stays on this machine: a loopback number, or `localhost`."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


@dataclass(frozen=True, slots=True)
class MemoryAddress:
    """A name that is listened to on the same event loop: for tests and simulations."""

    name: str

    def __post_init__(self) -> None:
        if not self.name:
            raise OptionError("name", "a name", self.name)

    def __str__(self) -> str:
        return f"memory:{self.name}"


Address = UnixAddress | TcpAddress | MemoryAddress


def parse_address(text: str) -> Address:
    """The address that `text` is the form of: the inverse of `str`. Raises `OptionError` for any other text."""
    kind, _, rest = text.partition(":")
    if kind == "unix" and rest:
        return UnixAddress(rest)
    if kind == "memory" and rest:
        return MemoryAddress(rest)
    host, _, port = rest.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        host = ""  # a number with colons needs its brackets
    port, dash, last = port.partition("-")
    if kind == "tcp" and host and _is_number(port) and _is_number(last or "0") and bool(dash) == bool(last):
        return TcpAddress(host, int(port), int(last or 0))
    raise OptionError("address", _FORMS, text)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 5
