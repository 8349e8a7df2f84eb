"""Keys: a secret, the paths it may sign for, and when it is valid. No text ever shows a secret."""

import hmac
from collections.abc import Iterable
from math import inf, isnan

from cybernetic.core import OptionError
from cybernetic.gateways.envelope.texts import path, text, within

LEAST_BYTES = 32  # of a secret: as many as HMAC-SHA256 gives (RFC 2104, section 3)
EVERYTHING = "*"
WORK = "work"
SKEW = 90.0  # seconds by which the clocks of sender and receiver may differ


class Key:
    """A key of HMAC-SHA256, bound to the paths it may sign for. Immutable; equal only to itself.

    Args:
        id: what names it in messages; not empty, printable.
        secret: at least 32 bytes; a text counts as its UTF-8 bytes.
        paths: it may sign for these and what is below them: "shop" covers "shop" and "shop/support", not
            "shopping"; "*" covers every path.
        purpose: what it is for; of each purpose a keyring has one current key.
        since, until: when it is valid, seconds since 1970; by default always.

    Raises `OptionError` for an impossible argument, never telling the secret.
    """

    __slots__ = ("_secret", "id", "paths", "purpose", "since", "until")

    def __init__(
        self,
        id: str,
        secret: bytes | str,
        paths: Iterable[str],
        *,
        purpose: str = WORK,
        since: float = -inf,
        until: float = inf,
    ) -> None:
        self.id = text("id", id)
        self._secret = _secret(secret)
        self.paths = _paths(paths)
        self.purpose = text("purpose", purpose)
        self.since, self.until = _moment("since", since), _moment("until", until)
        if not self.since < self.until:
            raise OptionError("until", f"a time after {self.since:g}", until)

    def may_sign(self, path: str) -> bool:
        """Whether `path` is one of its paths or below one."""
        return any(outer == EVERYTHING or within(path, outer) for outer in self.paths)

    def valid(self, now: float) -> bool:
        """Whether it may be used at `now`, give or take the 90 seconds by which clocks may differ."""
        return self.since - SKEW <= now <= self.until + SKEW

    def sign(self, body: bytes) -> str:
        """HMAC-SHA256 of `body`, in 64 lower-case hexadecimal digits (RFC 2104)."""
        return hmac.digest(self._secret, body, "sha256").hex()

    def signed(self, body: bytes, signature: str) -> bool:
        """Whether `signature` is what `sign` gives; compared in constant time."""
        return signature.isascii() and hmac.compare_digest(self.sign(body), signature)

    def __repr__(self) -> str:
        return f"<Key {self.id!r} for {', '.join(self.paths)}>"

    def __reduce__(self) -> str:
        raise TypeError("expected a key to stay in its process, got: a pickle of one")


def _secret(value: object) -> bytes:
    if not isinstance(value, bytes | str):
        raise OptionError("secret", "bytes or a text", type(value))
    secret = value.encode(errors="surrogateescape") if isinstance(value, str) else value
    if len(secret) < LEAST_BYTES:
        raise OptionError("secret", f"at least {LEAST_BYTES} bytes", len(secret))
    return secret


def _paths(values: object) -> tuple[str, ...]:
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise OptionError("paths", "a list of paths", values)
    paths = tuple(path("paths", text("paths", value)) for value in values)
    if not paths:
        raise OptionError("paths", "at least one path", paths)
    return paths


def _moment(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or isnan(value):
        raise OptionError(name, "seconds since 1970", value)
    return float(value)
