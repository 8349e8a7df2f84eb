"""Whether a message that came may be executed: one decision, values in and a verdict out."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from cybernetic.core import OptionError, number
from cybernetic.gateways.broker.messages import Message
from cybernetic.gateways.envelope.envelope import Envelope
from cybernetic.gateways.envelope.keyring import Keyring
from cybernetic.gateways.envelope.keys import SKEW, Key
from cybernetic.gateways.envelope.limits import LIMITS, Limits
from cybernetic.gateways.envelope.sealing import Sealed, unpack
from cybernetic.gateways.envelope.verdicts import Accepted, Fault, Once, Unfit

CONTROL_AGE = 90.0  # seconds; a control message of which nothing else is said


@dataclass(frozen=True, slots=True)
class Rules:
    """What a consumer takes.

    Attributes:
        ttl: seconds that work may be old; None: as long as the queue keeps it (see `consume`).
        ages: seconds that messages of a type may be old, where it is not `ttl` (or 90 for control messages).
        control: types that are control messages: each takes effect once, by its nonce, and is short-lived. Work is
            told apart by its id, where its effect is recorded.
        types: the types taken, with the class that the payload of each is to be an instance of once decoded (`object`:
            any). None: every type.
        decode: makes a value of a payload, as `cybernetic.wire.Codec.decode` does; None: payloads stay bytes.
        limits: sizes.

    Raises `OptionError`.
    """

    ttl: float | None = None
    ages: Mapping[str, float] = field(default_factory=dict)
    control: Collection[str] = ()
    types: Mapping[str, type] | None = None
    decode: Callable[[bytes], object] | None = None
    limits: Limits = LIMITS

    def __post_init__(self) -> None:
        if self.ttl is not None:
            number("ttl", self.ttl, above=0.0)
        for type, age in self.ages.items():
            number(f"ages[{type!r}]", age, above=0.0)
        if isinstance(self.control, str):
            raise OptionError("control", "a collection of types", self.control)

    def age_of(self, type: str, otherwise: float | None = None) -> float | None:
        """Seconds that a message of this type may be old; `otherwise` where `ttl` does not say; None: no limit."""
        age = self.ages.get(type)
        if age is not None:
            return age
        if type in self.control:
            return CONTROL_AGE
        return otherwise if self.ttl is None else self.ttl

    def oldest(self, otherwise: float) -> tuple[float, ...]:
        """All ages in seconds that some type may have; `otherwise` where `ttl` does not say."""
        return (otherwise if self.ttl is None else self.ttl, CONTROL_AGE, *self.ages.values())


def check(
    message: Message, keyring: Keyring, now: float, rules: Rules, age: float | None = None
) -> Accepted | Once | Unfit:
    """Whether `message` may be executed, the first fault found otherwise. Never raises, whatever the message is.

    No payload is decoded before the signature was verified. A control message is `Once`: whether its nonce was seen
    before is the last thing to ask; `admit` does.

    Args:
        message: as it was delivered.
        keyring: the keys known now.
        now: seconds since 1970.
        rules: what the consumer takes.
        age: seconds that work may be old where the rules do not say; None: no limit.
    """
    sealed = unpack(message, rules.limits)
    if isinstance(sealed, Unfit):
        return sealed
    return (
        _forged(sealed, keyring, now)
        or _moved(sealed, message)
        or untimely(sealed.envelope, now, rules, age)
        or _untaken(sealed.envelope, rules)
        or _decoded(sealed, rules)
    )


def _forged(sealed: Sealed, keyring: Keyring, now: float) -> Unfit | None:
    """Whether the signature is not what it says it is."""
    envelope, key = sealed.envelope, keyring.find(sealed.key)
    if key is None:
        return Unfit(Fault.UNKNOWN_KEY, f"expected a key known here, got: {sealed.key!r}", envelope)
    if not key.signed(sealed.body, sealed.signature):
        return Unfit(Fault.TAMPERED, f"expected the signature of key {key.id!r}, got: another", envelope)
    if not key.valid(now):
        return _unfit(Fault.EXPIRED_KEY, f"expected a key valid now, got: {key.id!r}", envelope)
    return _overstepped(key, envelope)


def _overstepped(key: Key, envelope: Envelope) -> Unfit | None:
    for path in (envelope.source, envelope.signer):
        if not key.may_sign(path):
            said = f"expected a path that key {key.id!r} may sign for, got: {path!r}"
            return _unfit(Fault.NOT_ALLOWED, said, envelope)
    return None


def _moved(sealed: Sealed, message: Message) -> Unfit | None:
    if sealed.exchange == message.exchange and sealed.routing_key == message.routing_key:
        return None
    signed = f"{sealed.exchange!r:.60} {sealed.routing_key!r:.60}"
    came = f"{message.exchange!r:.60} {message.routing_key!r:.60}"
    return _unfit(Fault.MOVED, f"expected exchange and routing key {signed}, got: {came}", sealed.envelope)


def untimely(envelope: Envelope, now: float, rules: Rules, age: float | None = None) -> Unfit | None:
    """Whether a verified message comes too late or too early; `now` and `age` as of `check`."""
    old = now - envelope.timestamp
    if old < -SKEW:
        return _unfit(
            Fault.FROM_THE_FUTURE, f"expected a time up to {SKEW:g} s ahead, got: {-old:.3f} s", envelope
        )
    most = rules.age_of(envelope.type, age)
    if most is not None and old > most:
        return _unfit(Fault.STALE, f"expected an age of at most {most:g} s, got: {old:.3f} s", envelope)
    return None


def _untaken(envelope: Envelope, rules: Rules) -> Unfit | None:
    if rules.types is None or envelope.type in rules.types:
        return None
    said = f"expected one of the types {', '.join(sorted(rules.types)):.100}, got: {envelope.type!r:.80}"
    return _unfit(Fault.WRONG_TYPE, said, envelope)


def _decoded(sealed: Sealed, rules: Rules) -> Accepted | Once | Unfit:
    envelope, value = sealed.envelope, None
    if rules.decode is not None:
        try:
            value = rules.decode(envelope.payload)
        except Exception as error:  # whatever a decoder raises, the message is at fault
            return _unfit(Fault.UNDECODABLE, f"payload: {_told(error)}", envelope)
        wanted = object if rules.types is None else rules.types[envelope.type]
        if not isinstance(value, wanted):
            said = f"payload: expected {wanted.__qualname__}, got: {type(value).__qualname__}"
            return _unfit(Fault.WRONG_TYPE, said, envelope)
    accepted = Accepted(envelope, sealed.key, value)
    return _once(accepted, rules) if envelope.type in rules.control else accepted


def _once(accepted: Accepted, rules: Rules) -> Once:
    """A control message, and how long its nonce counts: until it would be stale."""
    envelope = accepted.envelope
    expires = envelope.timestamp + (rules.age_of(envelope.type) or CONTROL_AGE)
    return Once(accepted, f"{accepted.key}/{envelope.nonce}", expires)


def _unfit(fault: Fault, detail: str, envelope: Envelope) -> Unfit:
    return Unfit(fault, detail, envelope, verified=True)


def _told(error: Exception) -> str:
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:  # a text that cannot be made
        return type(error).__name__
