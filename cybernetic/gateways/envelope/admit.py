"""The whole verdict on a message that came, with the memory of nonces that control messages need."""

from typing import Protocol

from cybernetic.gateways.broker.messages import Message
from cybernetic.gateways.envelope.check import Rules, check
from cybernetic.gateways.envelope.keyring import Keyring
from cybernetic.gateways.envelope.verdicts import Accepted, Once, Unfit


class NonceStore(Protocol):
    """What remembers the nonces of control messages, over restarts too."""

    async def fresh(self, nonce: str, expires: float) -> bool:
        """Whether `nonce` was never given before; from now on it was, until `expires` (seconds since 1970).

        Where no more can be remembered it raises, and forgets none that could still come again.
        """


async def admit(
    message: Message, keyring: Keyring, now: float, rules: Rules, nonces: NonceStore
) -> Accepted | Unfit:
    """`check`, and for a control message that passes it, whether its nonce is new.

    `nonces` is asked last: nothing is remembered of a message that is refused. What it raises passes through, and then
    there is no verdict; nothing that the message is makes this raise.
    """
    verdict = check(message, keyring, now, rules)
    if isinstance(verdict, Once):
        return verdict.settled(await nonces.fresh(verdict.nonce, verdict.expires))
    return verdict
