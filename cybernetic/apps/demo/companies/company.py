"""What the demo asks of a company, whatever it is made of."""

from collections.abc import Mapping
from typing import Any, Protocol

from cybernetic.apps.demo.frames import Line
from cybernetic.apps.demo.world.demand import Job
from cybernetic.apps.demo.world.owner import Matter, Owner


class Company(Protocol):
    """A company: it is opened, is given jobs, mends what the owner says, and is closed.

    Attributes:
        owner: the person behind it.
        log: what it wrote since somebody took it.
    """

    owner: Owner
    log: list[Line]

    @property
    def messages(self) -> int:
        """Handled so far."""

    async def open(self) -> None:
        """Begin to work."""

    async def close(self) -> None:
        """End."""

    def serve(self, job: Job) -> object:
        """Somebody wants something."""

    async def mend(self, matter: Matter) -> bool:
        """Do what the owner says; whether anything was wrong."""

    async def ablate(self, *systems: str) -> None:
        """Go on without these systems, where it has them."""

    async def room(self) -> Mapping[str, Any] | None:
        """What an operations room shows of it; None where there is none."""
