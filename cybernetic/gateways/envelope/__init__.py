"""What a signed message is: envelopes, the keys that sign them, and the decision whether one may be executed."""

from cybernetic.gateways.envelope.admit import NonceStore, admit
from cybernetic.gateways.envelope.author import Author
from cybernetic.gateways.envelope.causal import CausalBuffer, Released
from cybernetic.gateways.envelope.check import Rules, check, untimely
from cybernetic.gateways.envelope.dots import Dot
from cybernetic.gateways.envelope.envelope import Envelope
from cybernetic.gateways.envelope.keyfile import (
    keyring_from_environment,
    keyring_of,
    parsed_keyring,
    read_keyring,
)
from cybernetic.gateways.envelope.keyring import Keyring
from cybernetic.gateways.envelope.keys import Key
from cybernetic.gateways.envelope.limits import Limits
from cybernetic.gateways.envelope.sealing import Sealed, pack, unpack
from cybernetic.gateways.envelope.verdicts import Accepted, Fault, Once, Unfit

__all__ = (
    "Accepted",
    "Author",
    "CausalBuffer",
    "Dot",
    "Envelope",
    "Fault",
    "Key",
    "Keyring",
    "Limits",
    "NonceStore",
    "Once",
    "Released",
    "Rules",
    "Sealed",
    "Unfit",
    "admit",
    "check",
    "keyring_from_environment",
    "keyring_of",
    "pack",
    "parsed_keyring",
    "read_keyring",
    "unpack",
    "untimely",
)
