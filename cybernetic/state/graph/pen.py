"""Writes into a graph: each change as the delta of a replica, what it ends kept as the past of the fact."""

from collections.abc import Callable, Iterable

from cybernetic.crdt import LWW, MOST_TICKS, Stamp
from cybernetic.state.graph.entries import Key, State, content, ending, key_for, past_key, replaced, standing
from cybernetic.state.graph.facts import Assertion, Fact


class Pen:
    """Writes into `state` as a replica, a change after another; `delta` is all of it.

    Arguments:
        state: what is written into; the pen's own goes on from it.
        replica: as which replica.
        tick: gives the stamps, such as `Hlc.tick`. Where what is replaced has a later one, its successor is taken.
    """

    __slots__ = ("_replica", "_tick", "delta", "state")

    def __init__(self, state: State, replica: str, tick: Callable[[], Stamp]) -> None:
        self.state, self._replica, self._tick = state, replica, tick
        self.delta: State = State()

    def add(
        self,
        fact: Fact,
        who: str,
        cause: str | None = None,
        confidence: float = 1.0,
        until: float | None = None,
    ) -> Assertion:
        """Assert a fact, all parts of which are checked already.

        Saying again what stands changes nothing, and saying it with another `until` alone renews it: the past keeps
        neither. What is said differently ends what the same source said before.
        """
        key = key_for(fact, who)
        old = replaced(self.state, key)
        for one in old:
            if len(old) == 1 and (one.cause, one.confidence) == (cause, confidence):
                if one.until == until:
                    return one
            else:
                self._end(one, "replaced", who, cause)
        at = self._write(key, content(cause, confidence, until))
        return Assertion(fact, who, at, cause, confidence, until)

    def restore(self, assertion: Assertion) -> bool:
        """Put in an assertion as it was made elsewhere, with its stamp; False if one as late or later stands."""
        key = key_for(assertion.fact, assertion.who)
        register = self.state.at(key, LWW)
        if register.stamp is not None and register.stamp >= assertion.at:
            return False
        for one in replaced(self.state, key):
            self._end(one, "replaced", assertion.who, assertion.cause)
        value = content(assertion.cause, assertion.confidence, assertion.until)
        self._take(self.state.put(key, self.state.at(key, LWW).set(self._replica, assertion.at, value)))
        return True

    def remove(
        self, keys: Iterable[Key], how: str, by: str | None = None, why: str | None = None
    ) -> list[Assertion]:
        """End the assertions under keys of four, "removed" or "expired"; returns those there were."""
        ended = []
        gone = []
        for key in keys:
            found = standing(self.state, key)
            if found is not None:
                for one in replaced(self.state, key):
                    self._end(one, how, by, why)
                ended.append(found)
                gone.append(key)
        self.erase(gone)
        return ended

    def erase(self, keys: Iterable[Key]) -> None:
        """Take keys out, with nothing kept of them."""
        self._take(self.state.remove(self._replica, *keys))

    def _end(self, assertion: Assertion, how: str, by: str | None, why: str | None) -> None:
        self._write(past_key(assertion), ending(assertion, how, by, why), assertion.at)

    def _write(self, key: Key, value: object, after: Stamp | None = None) -> Stamp:
        """Write a value under a key, with a stamp later than what is there and than `after`."""
        register = self.state.at(key, LWW)
        at = self._tick()
        for seen in (register.stamp, after):
            if seen is not None and at <= seen:  # a clock that is behind
                at = _next(seen, at.node)
        self._take(self.state.put(key, register.set(self._replica, at, value)))
        return at

    def _take(self, delta: State) -> None:
        self.state = self.state.join(delta)
        self.delta = self.delta.join(delta)


def _next(stamp: Stamp, node: str) -> Stamp:
    if stamp.counter < MOST_TICKS:
        return Stamp(stamp.millis, stamp.counter + 1, node)
    return Stamp(stamp.millis + 1, 0, node)
