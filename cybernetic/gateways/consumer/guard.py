"""`Guard`: what a consumer of signed messages is given."""

from cybernetic.core import OptionError
from cybernetic.gateways.envelope import Key, Keyring, Rules

GATEWAY, OPERATOR = "gateway", "operator"  # purposes of keys


class Guard:
    """What a consumer of signed messages is given: the keys, and what it takes. Shared by those who take the same.

    Args:
        keyring: may be replaced at any time: `guard.keyring = ...` is how keys are rotated. It has a current key for
            the purpose "gateway", which those who consume the same queue share and nobody else has: it seals what goes
            round for a retry or into the parking queue. What an operator puts back is sealed by one for "operator".
        rules: which messages are taken. Default: all that are signed by a known key for their path.

    Raises `OptionError`: the keyring has no current key for "gateway".
    """

    def __init__(self, keyring: Keyring, rules: Rules | None = None) -> None:
        if not isinstance(keyring, Keyring):
            raise OptionError("keyring", "a Keyring", keyring)
        keyring.current(GATEWAY)
        self.keyring, self.rules = keyring, rules or Rules()

    def key(self) -> Key:
        """The key that seals tickets."""
        return self.keyring.current(GATEWAY)

    def sealer(self, id: str) -> Key | None:
        """A key that may have sealed a ticket, by id: a sender's key may not, or its holder could redirect messages."""
        key = self.keyring.find(id)
        return key if key is not None and key.purpose in (GATEWAY, OPERATOR) else None
