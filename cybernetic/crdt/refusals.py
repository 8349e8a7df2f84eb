"""Why an escrow counter refuses: each says what was expected, and what came."""

from cybernetic.core import Refusal


class RightsLacking(Refusal):
    """A replica wanted to spend or give more than it may. `replica`, `wanted` and `has` say who and how much.

    `seen` has the last change of its row, if there is one: it tells which counter it was. It does not travel.
    """

    seen: tuple[tuple[str, int], ...] = ()

    def __init__(self, replica: str, wanted: int, has: int) -> None:
        super().__init__(f"{replica!r} wanted rights to {wanted}: expected at most {has}")
        self.replica, self.wanted, self.has = replica, wanted, has


class LeaseHolds(Refusal):
    """A replica's rights cannot be taken back yet. `replica` and `until` (seconds since 1970) say whose and when."""

    def __init__(self, replica: str, until: float, now: float) -> None:
        super().__init__(f"the lease of {replica!r} holds: expected a time after {until:g}, got: {now:g}")
        self.replica, self.until = replica, until


class NotGuardian(Refusal):
    """A replica's rights were to be leased or taken back by another than the guardian it chose."""

    def __init__(self, replica: str, guardian: str, by: str) -> None:
        super().__init__(f"the guardian of {replica!r} is {guardian!r} ('': none), got: {by!r}")
        self.replica, self.guardian, self.by = replica, guardian, by
