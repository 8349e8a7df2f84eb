"""How two ends prove to each other that they know the secret. Pure: bytes in, bytes out, no frames yet.

    both      greeting: magic (8), version (1), a fresh nonce (32)
    caller    proof (32): HMAC-SHA256 of its role, the version, the channel, the caller's and the host's nonce
    host      verdict (1), and if that is PROVED its own proof (32), else nothing but zeros

Whoever cannot prove itself learns only that. The role in the proof makes it useless when it is sent back, the
nonces when it is sent again. The channel binding is the hash of the host's certificate where the stream is
encrypted (RFC 5929, tls-server-end-point): who stands between with another certificate has no valid proof.
"""

import hmac
from enum import Enum

from cybernetic.nodes.link.secret import Secret

MAGIC = b"\xcbyb-link"
NONCE_BYTES = PROOF_BYTES = 32
_PREFIX_BYTES = len(MAGIC) + 1
GREETING_BYTES = _PREFIX_BYTES + NONCE_BYTES
_VERDICT_BYTES = 1 + PROOF_BYTES

_PROVED, _UNPROVED, _BUSY = 1, 2, 3
_NO_PROOF = bytes(PROOF_BYTES)


class Role(Enum):
    """Which end: the one that called, or the one that listened. The value is its label in a proof."""

    CALLER = b"cybernetic link: caller"
    HOST = b"cybernetic link: host"


class Handshake:
    """One end of the handshake. `proved` says that it is over and well, `failure` that it failed, and why.

    Args:
        role: which end this is.
        secret: what both ends must know.
        nonce: 32 bytes never used before.
        version: of the protocol, 0 to 255; both ends must have the same.
        channel: what the stream below is bound to, the same at both ends; empty if it is not encrypted.
    """

    __slots__ = (
        "_buffer",
        "_channel",
        "_host",
        "_nonce",
        "_peer",
        "_secret",
        "_version",
        "failure",
        "proved",
    )

    def __init__(self, role: Role, secret: Secret, nonce: bytes, version: int, channel: bytes = b"") -> None:
        self._host = role is Role.HOST
        self._secret, self._nonce, self._version, self._channel = secret, nonce, version, channel
        self._buffer = bytearray()
        self._peer: bytes | None = None  # the other's nonce
        self.proved = False
        self.failure: str | None = None

    def greeting(self) -> bytes:
        """What to send at once."""
        return MAGIC + bytes((self._version,)) + self._nonce

    def busy(self) -> bytes:
        """What a host sends instead, and hangs up, when too many wait to prove themselves."""
        return self.greeting() + bytes((_BUSY,)) + _NO_PROOF

    def feed(self, data: bytes) -> bytes:
        """Take what has come; returns what to send, which may be nothing. Look at `proved` and `failure` then."""
        if self.failure is not None or self.proved:
            return self._fail("expected nothing after the handshake had ended, got more")
        self._buffer += data[: GREETING_BYTES + _VERDICT_BYTES + 1]  # never more than tells too much
        answer = b""
        if self._peer is None:
            answer = self._greeted()
        if self._peer is not None and self.failure is None:
            answer += self._prove_host() if self._host else self._judge_host()
        return answer

    def end(self) -> str:
        """Why the handshake failed, when the other end hung up or fell silent in the middle."""
        if self._peer is None:
            return "the peer ended before it had greeted"
        return "the peer ended before it had proved itself"

    def _greeted(self) -> bytes:
        """The other's greeting, as far as it has come; the caller answers it with its proof."""
        seen, known = bytes(self._buffer[: len(MAGIC)]), MAGIC[: len(self._buffer)]
        if seen != known:
            return self._fail(f"expected a node of this library, got a peer that began with {seen!r}")
        if len(self._buffer) >= _PREFIX_BYTES and self._buffer[len(MAGIC)] != self._version:
            return self._fail(
                f"this end speaks version {self._version} of the protocol, "
                f"the peer version {self._buffer[len(MAGIC)]}"
            )
        if len(self._buffer) < GREETING_BYTES:
            return b""
        peer = bytes(self._buffer[_PREFIX_BYTES:GREETING_BYTES])
        del self._buffer[:GREETING_BYTES]
        if hmac.compare_digest(peer, self._nonce):
            return self._fail("expected a nonce of the peer's own, got ours sent back")
        self._peer = peer
        return b"" if self._host else self._proof(Role.CALLER)

    def _prove_host(self) -> bytes:
        """At the host: judge the caller's proof, and answer it."""
        if len(self._buffer) < PROOF_BYTES:
            return b""
        if len(self._buffer) > PROOF_BYTES:
            return self._fail("expected a proof and no more before our answer, got more")
        if not hmac.compare_digest(self._buffer, self._proof(Role.CALLER)):
            self._fail("the peer does not know the secret, or reached us by another channel")
            return bytes((_UNPROVED,)) + _NO_PROOF
        self.proved = True
        return bytes((_PROVED,)) + self._proof(Role.HOST)

    def _judge_host(self) -> bytes:
        """At the caller: take the verdict, and judge the host's proof."""
        if len(self._buffer) < _VERDICT_BYTES:
            return b""
        verdict, proof = self._buffer[0], self._buffer[1:]
        if verdict == _BUSY:
            return self._fail("the peer has too many connections that wait to prove themselves")
        if verdict == _UNPROVED:
            return self._fail(
                "our proof was not accepted: the secret differs, or the channel was tampered with"
            )
        if verdict != _PROVED or len(self._buffer) > _VERDICT_BYTES:
            return self._fail("expected a verdict and a proof, got something else")
        if not hmac.compare_digest(proof, self._proof(Role.HOST)):
            return self._fail("the peer does not know the secret, or answered by another channel")
        self.proved = True
        return b""

    def _proof(self, role: Role) -> bytes:
        assert self._peer is not None
        caller, host = (self._peer, self._nonce) if self._host else (self._nonce, self._peer)
        return self._secret.proof(role.value, bytes((self._version,)), self._channel, caller, host)

    def _fail(self, why: str) -> bytes:
        self.proved, self.failure = False, why
        return b""
