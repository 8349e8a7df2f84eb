"""Where a broker is and how to prove who we are: checked when given, read again at each connect."""

import os
import ssl
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from cybernetic.core import OptionError, read_private
from cybernetic.gateways.broker.errors import LoginRefused, shown

LONGEST_PASSWORD = 4096  # bytes of a file that holds one
PORTS = {"amqp": 5672, "amqps": 5671}
EXPECTED = "amqp[s]://user[:password]@host[:port][/vhost]"


@dataclass(frozen=True, slots=True)
class Tls:
    """How to meet a broker over TLS. The files are read at each connect: who replaces them rotates them.

    Attributes:
        ca: file of the authorities that may vouch for the broker; None: those of the system.
        certificate: file of the certificate shown to the broker; None: none.
        key: file of its private key; None: it is in `certificate`.
        server_name: the name that the broker's certificate must bear; None: the address's host.
    """

    ca: str | Path | None = None
    certificate: str | Path | None = None
    key: str | Path | None = None
    server_name: str | None = None

    def __post_init__(self) -> None:
        for name in ("ca", "certificate", "key"):
            if not isinstance(getattr(self, name), str | Path | None):
                raise OptionError(name, "the path of a file or None", getattr(self, name))
        if self.key is not None and self.certificate is None:
            raise OptionError("key", "None without a certificate", self.key)

    def context(self) -> ssl.SSLContext:
        """Read the files. Raises `OSError` (of which `ssl.SSLError` is one)."""
        context = ssl.create_default_context(cafile=self.ca)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.certificate is not None:
            context.load_cert_chain(self.certificate, self.key)
        return context


class Address:
    """A broker's address, taken apart. `repr` and every error are without the password.

    Args:
        url: `amqp[s]://user[:password]@host[:port][/vhost]`; parts with special characters are percent-encoded.
        password_env: name of the environment variable that holds the password; None: it is in the URL or a file.
        password_file: file that holds it (a line end after it is not part of it); of mode 0600, so that it is nobody
            else's.

    Raises `OptionError`.
    """

    def __init__(
        self, url: str, password_env: str | None = None, password_file: str | Path | None = None
    ) -> None:
        if not isinstance(url, str):
            raise OptionError("url", EXPECTED, type(url).__name__)
        try:
            parts = urlsplit(url)
            port = parts.port
            wrong = (
                parts.scheme not in PORTS
                or not parts.hostname
                or "@" in parts.path + parts.query + parts.fragment
            )
        except ValueError:
            wrong = True
        if wrong:
            raise OptionError("url", EXPECTED, hidden(url)) from None
        if parts.query or parts.fragment:
            raise OptionError("url", "no query: what it would set are options of AmqpBroker", hidden(url))
        self.shown = shown(url)
        self.scheme, self.host, self.port = parts.scheme, str(parts.hostname), port or PORTS[parts.scheme]
        self.user = unquote(parts.username or "guest")
        self.vhost = unquote(parts.path[1:]) or "/"
        self._url_password = None if parts.password is None else unquote(parts.password)
        self._env, self._file = password_env, password_file
        given = [one for one in (self._url_password, password_env, password_file) if one is not None]
        if len(given) > 1:
            raise OptionError("password", "one of: in the url, password_env, password_file", "more than one")
        if not given and parts.username is not None:
            raise OptionError("password", "one in the url, password_env or password_file", "none")

    def __repr__(self) -> str:
        return f"Address({self.shown})"

    def password(self) -> str:
        """The password as it is now. Raises `LoginRefused` where it cannot be read."""
        if self._env is not None:
            if self._env not in os.environ:
                raise LoginRefused(
                    self.shown, f"there is no environment variable {self._env} to hold the password"
                )
            return os.environ[self._env]
        if self._file is not None:
            try:
                return read_private("password_file", self._file, LONGEST_PASSWORD).decode().rstrip("\r\n")
            except (OptionError, UnicodeDecodeError) as error:
                text = f"{self._file}: expected text" if isinstance(error, UnicodeDecodeError) else str(error)
                raise LoginRefused(self.shown, f"there is no password to be had: {text}") from None
        return "guest" if self._url_password is None else self._url_password


def hidden(url: str) -> str:
    """An address that cannot be taken apart, without whatever stands before its last "@"."""
    scheme, colon, rest = url.partition("://")
    if "@" in url:
        rest = "***@" + url.rpartition("@")[2]
    return f"{scheme[:20]}://{rest.partition('?')[0]}" if colon else rest.partition("?")[0]
