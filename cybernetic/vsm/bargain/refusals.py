"""What the bargain refuses: spending that is not covered, and contracts of an allocator that was replaced."""

from math import inf

from cybernetic.core import Refusal
from cybernetic.vsm.bargain.contract import Seal


class BudgetExhausted(Refusal):
    """A reservation is not covered: `asked` is what was wanted, `available` what there is, both vectors.

    `again`: seconds until the epoch is over and there is money again; infinite where no epoch ends. `begun`: whether
    the task that asked has made calls already that no key names, so that nobody else may do it.
    """

    begun = False

    def __init__(self, key: str, asked: object, available: object, why: str, again: float = inf) -> None:
        then = "" if again == inf else f"; the next epoch begins in {again:.0f} s"
        super().__init__(f"{key!r}: expected to reserve at most {available!r}, got: {asked!r} ({why}){then}")
        self.key, self.asked, self.available, self.again = key, asked, available, again


class NoOpenBill(Refusal):
    """A bill came for a call that is not awaited any more, or never was: `key` is its reservation."""

    def __init__(self, key: str) -> None:
        super().__init__(f"{key!r}: expected the id of a receipt whose outcome is unknown and not final yet")
        self.key = key


class AnotherPurse(Refusal):
    """A contract is for a purse that the unit has no more: what it has now is `purse`, which knows of no spending."""

    def __init__(self, unit: str, purse: str, meant: str) -> None:
        super().__init__(f"{unit!r}: expected a contract for its purse {purse!r}, got: one for {meant!r}")
        self.unit, self.purse, self.meant = unit, purse, meant


class AnotherPeriod(Refusal):
    """A contract is for epochs of `meant` seconds, where those of the unit last `per`: what it may spend in one of them
    is not what is meant.
    """

    def __init__(self, unit: str, per: float, meant: float) -> None:
        super().__init__(f"{unit!r}: expected a contract for epochs of {per:g} s, got: one for {meant:g} s")
        self.unit, self.per, self.meant = unit, per, meant


class StaleContract(Refusal):
    """A contract or a message about one is older than what is known: an allocator that was replaced still speaks, or
    one whose clock is behind. `at` is what the clock of who refuses it said then, seconds; None: it does not say.
    """

    at: float | None = None

    def __init__(self, who: str, seal: Seal, known: Seal, at: float | None = None) -> None:
        super().__init__(f"{who!r}: expected a seal of at least {known}, got: {seal}")
        self.who, self.seal, self.known, self.at = who, seal, known, at
