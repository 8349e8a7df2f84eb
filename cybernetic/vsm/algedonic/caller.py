"""Who calls humans for others."""

from collections.abc import Collection
from typing import Any

from cybernetic.runtime import Agent, Deferred
from cybernetic.vsm.algedonic.humans import Page
from cybernetic.vsm.ladder.signals import PainKey

ANY = -1  # instead of the number of a sink: whichever takes it, tried in order


class Caller(Agent):
    """Somebody who is nearer to the human at the top."""

    def page(self, page: Page, sink: int, felt: bool = True) -> Deferred[bool]:
        """Override: call him through a `sink`; whether it took the page. `felt`: it is for a pain."""
        raise NotImplementedError

    def resolve(self, key: PainKey) -> Deferred[Any]:
        """Override: tell him that what he was called for is over; answered when he has been told."""
        raise NotImplementedError

    def begun(self, level: str, felt: Collection[PainKey], units: Collection[str]) -> None:
        """Override: a `level` within has begun, with these `units`, and knows of these pains."""
        raise NotImplementedError
