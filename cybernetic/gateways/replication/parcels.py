"""What replicas send each other over a broker, signed: whoever cannot sign is not heard."""

from typing import NamedTuple

from cybernetic.core import OptionError
from cybernetic.gateways.broker.messages import Message
from cybernetic.gateways.envelope.keyring import Keyring
from cybernetic.gateways.envelope.keys import WORK
from cybernetic.wire import Codec, WireError

VERSION = 1
ALL = "all"  # the routing key of what is for every replica
SIGNATURE = "x-signature"
EXPIRY = 10.0  # seconds after which a frame in a queue is not worth having

_codec = Codec()


class Parcel(NamedTuple):
    """What came: from which address, and the frame; without one, it only says that its sender is there."""

    origin: str
    frame: bytes


class Parcels:
    """Packs and opens what goes through `exchange`. A replay harms nothing: frames may come twice at any time.

    Args:
        exchange: through which all of it goes.
        source: the path that keys must be allowed to sign for.
        keyring: the keys known now.

    Raises `OptionError`: the current key may not sign for `source`.
    """

    def __init__(self, exchange: str, source: str, keyring: Keyring) -> None:
        self._exchange, self._source, self._keyring = exchange, source, keyring
        key = keyring.current(WORK)
        if not key.may_sign(source):
            raise OptionError("keyring", f"a current key that may sign for {source!r}", key)

    def pack(self, origin: str, to: str, frame: bytes) -> Message:
        """The message that carries `frame` to the address `to`, or to all. Raises `OptionError` without a key."""
        key = self._keyring.current(WORK)
        body = _codec.encode((VERSION, key.id, self._exchange, to, origin, frame))
        return Message(
            body,
            self._exchange,
            to,
            {SIGNATURE: key.sign(body)},
            expiration=EXPIRY,
            persistent=False,
            mandatory=False,
        )

    def open(self, message: Message, to: str, now: float) -> Parcel | str:
        """What a message for `to` holds; or why it is refused, in words. Never raises, whatever it is."""
        try:
            parts = _codec.decode(message.body)
        except WireError as error:
            return str(error)
        match parts:
            case (version, str(id), str(exchange), str(key), str(origin), bytes(frame)) if version == VERSION:
                pass
            case _:
                return "something else than a parcel"
        known, signature = self._keyring.find(id), message.headers.get(SIGNATURE)
        if known is None or not isinstance(signature, str) or not known.signed(message.body, signature):
            return f"no signature of a known key, but of {id[:80]!r}"
        if not known.valid(now) or not known.may_sign(self._source):
            return f"a signature of the key {id!r}, which may not sign for {self._source!r} now"
        if exchange != self._exchange or key not in (ALL, to):
            return f"a parcel for {key[:80]!r} through {exchange[:80]!r}"
        return Parcel(origin, frame)
