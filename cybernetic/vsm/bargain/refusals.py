"""What the bargain refuses: spending that is not covered, and contracts of an allocator that was replaced."""

from cybernetic.core import Refusal


class BudgetExhausted(Refusal):
    """A reservation is not covered: `asked` is what was wanted, `available` what there is, both vectors."""

    def __init__(self, key: str, asked: object, available: object, why: str) -> None:
        super().__init__(f"{key!r}: expected to reserve at most {available!r}, got: {asked!r} ({why})")
        self.key, self.asked, self.available = key, asked, available


class StaleContract(Refusal):
    """A contract or a message about one is older than what is known: an allocator that was replaced still
    speaks.
    """

    def __init__(self, who: str, seal: object, known: object) -> None:
        super().__init__(f"{who!r}: expected a seal of at least {known}, got: {seal}")
        self.who, self.seal, self.known = who, seal, known
