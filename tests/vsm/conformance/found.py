"""What the suite says of a system: that an invariant holds, or what it has found."""

from typing import Any

from cybernetic.testing.vsm import conformance
from cybernetic.vsm import Task
from tests.vsm.living.company import Company


def task(n: int) -> Task:
    """One that costs little."""
    return Task("job", {"usd": 0.01}, id=f"task-{n}")


def why(only: str, cls: Any = Company, *args: Any) -> str:
    """What is found where an invariant does not hold, at all levels at which it was tried."""
    found = conformance(cls, *args, task=task, only=[only])
    assert not any(one.holds for one in found.found)
    return " | ".join(one.why for one in found.failures)


def holds(only: str, cls: Any = Company, *args: Any) -> None:
    """It does, at all levels."""
    found = conformance(cls, *args, task=task, only=[only])
    found.check()
    assert found.untried == ()
