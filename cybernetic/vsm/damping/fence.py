"""A fence at a resource: it remembers the highest token it has seen and turns away all that are older."""

from dataclasses import dataclass
from math import inf
from typing import Self

from cybernetic.core import Refusal, whole
from cybernetic.vsm.checks import instance

_WRITTEN = 10_000  # bits, of some 3,000 digits


class LeaseLost(Refusal):
    """A lease is no longer the holder's: it lapsed, was given up, or a newer one was granted.

    `token` says which.
    """

    def __init__(self, key: str, token: int, why: str) -> None:
        super().__init__(f"the lease on {key!r} with token {told(token)} is lost: {why}")
        self.key, self.token = key, token


def told(token: object) -> str:
    """A token as it is written, where Python writes so many digits: what comes from afar may be any integer."""
    if isinstance(token, int) and token.bit_length() > _WRITTEN:
        return f"of {token.bit_length()} bits"
    return f"{token}"


@dataclass(frozen=True, slots=True)
class Fence:
    """What a resource keeps for one key, so that a holder that slept through its lease can do no harm.

    Arguments:
        key: the artefact, as fine as what is written: an area's key does not protect a file.
        highest: the highest token that was let through, >= 0; tokens of a `LeaseTable` grow.

    Raises `OptionError` for a key that is no string, and a `highest` that cannot be.
    """

    key: str
    highest: int = 0

    def __post_init__(self) -> None:
        instance("key", self.key, str)
        whole("highest", self.highest, most=inf)

    def passed(self, token: int) -> Self:
        """The fence after `token` was let through.

        Raises `LeaseLost` for one older than the highest so far.
        """
        if whole("token", token, least=1, most=inf) < self.highest:
            raise LeaseLost(self.key, token, f"expected a token of at least {told(self.highest)}")
        return type(self)(self.key, token)
