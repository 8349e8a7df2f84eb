"""What a use of a port is refused with: expected by the unit, and no crash."""

from cybernetic.core import Refusal
from cybernetic.wire import travels


@travels(name="vsm.NoSuchPort")
class NoSuchPort(Refusal):
    """An operation wanted to use a port that its level does not declare."""

    def __init__(self, port: str, declared: tuple[str, ...]) -> None:
        super().__init__(f"port: expected one that is declared: {list(declared)}, got: {port!r}")
        self.port, self.declared = port, declared


@travels(name="vsm.PolicyDenied")
class PolicyDenied(Refusal):
    """A policy forbids the action. `by` is the policy, `reason` what it says."""

    def __init__(self, action: str, by: str, reason: str) -> None:
        super().__init__(f"{action}: denied by {by}: {reason}")
        self.action, self.by, self.reason = action, by, reason


@travels(name="vsm.Stuck")
class Stuck(Refusal):
    """The same call was made again and again within one task: the unit is in a loop."""

    def __init__(self, path: str, port: str, times: int) -> None:
        super().__init__(f"{path}: expected calls of {port!r} to differ, got the same one {times} times")
        self.path, self.port, self.times = path, port, times


@travels(name="vsm.NoEvidence")
class NoEvidence(Refusal):
    """An outcome was reported without a receipt of a port, or with one that is not its own."""

    def __init__(self, task: str, why: str) -> None:
        super().__init__(f"task {task!r}: expected an outcome with receipts of its own, got {why}")
        self.task = task


@travels(name="vsm.Suspended")
class Suspended(Refusal):
    """The unit may not use its ports for the time being, by an intervention of system 3."""

    def __init__(self, path: str, reason: str, until: float) -> None:
        super().__init__(f"{path}: suspended until {until:g}: {reason}")
        self.path, self.reason, self.until = path, reason, until


@travels(name="vsm.Quarantined")
class Quarantined(Refusal):
    """A port is not to be used for the time being, by decision of system 3: what it gives cannot be believed."""

    def __init__(self, port: str, reason: str) -> None:
        super().__init__(f"port {port!r} is quarantined: {reason}")
        self.port, self.reason = port, reason


@travels(name="vsm.NoSuchChoice")
class NoSuchChoice(Refusal):
    """A unit wanted to choose within a group that is none, or among ports that are not in it."""

    def __init__(self, group: str, expected: str) -> None:
        super().__init__(f"group {group!r}: expected {expected}")
        self.group, self.expected = group, expected


@travels(name="vsm.OutcomeUnknown")
class OutcomeUnknown(Refusal):
    """A call took longer than its port allows: it may have happened or not. `receipt` says what is known."""

    def __init__(self, port: str, seconds: float, receipt: object) -> None:
        super().__init__(f"port {port!r}: no answer within {seconds:g} s; it may have happened")
        self.port, self.receipt = port, receipt


@travels(name="vsm.NoThread")
class NoThread(Refusal):
    """All threads that make calls of plain functions were taken for as long as a port allows: it was not made."""

    def __init__(self, port: str, seconds: float) -> None:
        super().__init__(
            f"port {port!r}: expected a thread for the call within {seconds:g} s, got: none, as all are taken by "
            "calls that have not ended; it was not made"
        )
        self.port, self.seconds = port, seconds


@travels(name="vsm.NotACall")
class NotACall(Refusal):
    """A port was to be used with what cannot be called, or what gives its results only as they are read: all of that
    would be done after the use, past the port. `got` is how it is written.
    """

    def __init__(self, expected: str, got: object) -> None:
        super().__init__(f"target: expected {expected}, got: {got!r}")
        self.got = repr(got)


@travels(name="vsm.Unaudited")
class Unaudited(Refusal):
    """Something was asked of a unit that only an audited one may do."""

    def __init__(self, path: str, standing: str) -> None:
        super().__init__(f"{path}: expected recent clean audits, got: {standing}")
        self.path, self.standing = path, standing
