"""What has expired and is still in the state: a part of the history from that moment on, as it is once it is taken out.

A state may know that it was taken out while that is not followed yet; so each is looked for in both places.
"""

from collections.abc import Container, Iterator

from cybernetic.crdt import Stamp
from cybernetic.state.graph.entries import Key, Spot, State, expired, expiry, key_for, leaf_of, period
from cybernetic.state.graph.facts import Assertion, Fact, Period
from cybernetic.state.graph.outliving import Ended, outlived
from cybernetic.state.graph.triples import Triple


class Lapsed:
    """Knows by fact what that is: whose, and of which stamps."""

    def __init__(self) -> None:
        self._stamps: dict[Triple, dict[str, tuple[Stamp, ...]]] = {}

    def put(self, spot: Spot, stamps: tuple[Stamp, ...]) -> None:
        """From now on what has expired at a spot is of these stamps."""
        self._stamps.setdefault((spot[0], spot[1], spot[2]), {})[spot[3]] = stamps

    def drop(self, spot: Spot) -> None:
        """Nothing that has expired is at a spot."""
        triple = spot[0], spot[1], spot[2]
        if spot[3] in (found := self._stamps.get(triple, {})):
            del found[spot[3]]
            if not found:
                del self._stamps[triple]

    def periods(
        self, state: State, triple: Triple, fact: Fact, now: float, past: Container[Key], ended: Ended
    ) -> Iterator[Period | None]:
        """The periods of a fact that are over so by `now`, seconds since 1970; None is a breath.

        Those at the keys `past` are told already. `ended` is as `Book.ended`; it is asked for each source.
        """
        for who, stamps in tuple(self._stamps.get(triple, {}).items()):
            there = _there(state, key_for(fact, who), now, ended)
            for at in stamps:
                key = (*fact, who, *at)
                leaf = leaf_of(state, key)
                if key in past:
                    continue
                if leaf is not None and leaf.alive:
                    yield period(state, key)
                elif at in there:
                    yield Period(there[at], expiry(there[at]), "expired")
            yield None


def _there(state: State, key: Key, now: float, ended: Ended) -> dict[Stamp, Assertion]:
    """What has expired under a key of four, and is not over: that goes, and leaves no past."""
    found = expired(leaf_of(state, key), key, now)
    gone = outlived(state, key, ended) if found else ()
    # of those of one stamp the first is kept as the past
    return {made.at: made for made, write in reversed(found) if write[:2] not in gone}
