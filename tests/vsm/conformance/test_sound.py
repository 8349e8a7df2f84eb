"""The suite has nothing against systems that are sound: audited ones, slow ones, those with a level elsewhere."""

from typing import Any, ClassVar

import pytest

from cybernetic import Agent, System
from cybernetic.core import Reason
from cybernetic.testing.vsm import Conformance, conformance
from cybernetic.vsm import (
    Abroad,
    Audit,
    Budget,
    Cost,
    Operation,
    Outcome,
    Port,
    Task,
    ViableSystem,
    World,
    junction_of,
    remote,
    unit,
)
from cybernetic.vsm.algedonic.deadmen import Deadmen, Key
from cybernetic.vsm.algedonic.pager import Pager
from tests.support import SOAK


async def tool(what: Any) -> Any:
    """Nothing to it."""
    return what


class Worker(Operation):
    """One use of the tool."""

    async def handle(self, task: Task) -> Outcome:
        """And its receipt."""
        used = await self.use("tool", tool, task.id)
        return Outcome(used.value, evidence=[used.receipt])


class Audited(ViableSystem):
    """All of whose loops fall silent within ten seconds, with system 3*: that is a storm."""

    ports: ClassVar[Any] = {"tool": Port()}
    audit = Audit(probability=0.05, verify=lambda evidence: True)

    def __init__(self, count: int) -> None:
        self._count = count

    def units(self) -> list[Any]:
        """So many."""
        return [unit(Worker, id=f"w{n}") for n in range(self._count)]


@pytest.mark.parametrize("count", [2, 5])
def test_pain_that_reaches_a_human_as_one_of_a_storm_has_reached_him(count: int) -> None:
    conformance(Audited, count, only=["T-ALG-alive"]).check()


def test_a_storm_that_is_not_paged_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Pager.page

    async def page(self: Any, pain: Any, *others: Any) -> bool:
        """All but storms."""
        return "storm" in pain.index or await whole(self, pain, *others)

    monkeypatch.setattr(Pager, "page", page)
    found = conformance(Audited, 2, only=["T-ALG-alive"])
    assert "no page" in found.failures[0].why


class Narrow(ViableSystem):
    """Of channels that are full at once, and hurt."""

    ports: ClassVar[Any] = {"tool": Port()}
    capacity = 5.0

    def units(self) -> list[Any]:
        """Two."""
        return [unit(Worker, id=f"w{n}") for n in range(2)]


def test_pains_beside_the_one_that_is_asked_for_are_not_counted() -> None:
    conformance(Narrow, only=["T-ALG-once"]).check()


class Front(ViableSystem):
    """A level elsewhere, called so that it comes first, and one worker here."""

    budget = Budget(usd=10, per=3600)
    ports: ClassVar[Any] = {"tool": Port()}

    def units(self) -> list[Any]:
        """Two."""
        return [remote("back", share=0.4, floor=0.1), unit(Worker, id="here")]


class Above(ViableSystem):
    """Around that."""

    ports: ClassVar[Any] = {"tool": Port()}

    def units(self) -> list[Any]:
        """Two."""
        return [unit(Front, id="front"), unit(Worker, id="own")]


class Only(ViableSystem):
    """Nothing here."""

    def units(self) -> list[Any]:
        """One."""
        return [remote("back")]


def _untried(found: Conformance) -> dict[tuple[str, str], str]:
    return {(one.invariant.name, one.path): one.untried for one in found.untried}


def test_what_needs_the_other_end_is_not_tried_where_nobody_is_there() -> None:
    some = ["T-COH", "T-S1-evidence", "T-S2-mutex", "T-S3-nested", "T-S5-monotone", "T-S5-quiet"]
    found = conformance(Front, only=None if SOAK else some)
    found.check()
    nobody = "nobody is at the other end of front/back"
    undeclared = {
        ("T-S2-rate", "front"): "system 2 paces no port here",
        ("T-S3star-bypass", "front"): "nothing is audited there",
        ("T-S5-total", "front"): "no policies are declared there",
    }
    assert _untried(found) == (undeclared if SOAK else {}) | {
        ("T-COH", "front"): nobody,
        ("T-S5-monotone", "front"): nobody,
        ("T-S5-quiet", "front"): nobody,
        ("T-S2-mutex", "front"): "the level has no two operations of its own",
        ("T-S3-nested", "front"): "there is no level above it",
    }


def test_a_level_above_that_one_is_asked_for_all_but_quiet() -> None:
    asked = ["T-COH", "T-S5-monotone", "T-S5-quiet"]
    found = conformance(Above, only=asked)
    found.check()
    nobody = "nobody is at the other end of above/front/back"
    within = {(name, "above/front"): nobody for name in asked}
    assert _untried(found) == within | {("T-S5-quiet", "above"): nobody}


def test_a_level_of_which_nothing_is_here_is_no_idle_one() -> None:
    found = conformance(Only, only=["T-S1-autonomy", "T-S1-evidence", "T-COH", "T-ALG-once"])
    found.check()
    nobody = "nobody is at the other end of only/back"
    assert _untried(found) == {
        ("T-S1-autonomy", "only"): nobody,
        ("T-COH", "only"): nobody,
        ("T-S1-evidence", "only"): "the level has no units here",
    }


def test_the_silence_of_a_unit_here_is_not_taken_for_felt_because_of_one_elsewhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = Deadmen.missed

    def missed(self: Any, now: float) -> list[Key]:
        """All but the unit that is here."""
        return [key for key in whole(self, now) if key != ("management", "front/here")]

    monkeypatch.setattr("cybernetic.testing.vsm.invariants.pain.PATIENCE", 20.0)
    monkeypatch.setattr(Deadmen, "missed", missed)
    found = conformance(Front, only=["T-P4"])
    assert "management of front/here was paused, and nobody felt it" in found.failures[0].why


PATH = "front/back"


class Outlet(Agent):
    """Carries values to the other system."""

    def __init__(self, other: System) -> None:
        self.other = other

    def receive(self, message: Any) -> None:
        """Over."""
        self.other.named(junction_of(PATH), Agent).send(message)


class Back(ViableSystem):
    """What is at the other end."""

    ports: ClassVar[Any] = {"tool": Port()}
    human = ()

    def units(self) -> list[Any]:
        """One."""
        return [unit(Worker, id="there")]


class Elsewhere(Agent):
    """The other system, as long as it lives."""

    async def setup(self) -> None:
        """With the way there and back."""
        self._there = System(node="there")
        await self._there.__aenter__()
        await self._there.start(Outlet, self.system, name="to front")
        await self._there.start(Abroad, Back, PATH, "to front", 3600.0, Cost(usd=1))
        await self.system.start(Outlet, self._there, name=f"{PATH}:outpost")

    async def terminate(self, reason: Reason) -> None:
        """It ends as well."""
        await self._there.__aexit__(None, None, None)


async def elsewhere(system: System) -> None:
    """Somebody is there."""
    await system.start(Elsewhere)


def test_where_somebody_is_at_the_other_end_it_is_tried() -> None:
    found = conformance(
        Front, before=elsewhere, only=["T-COH", "T-S5-monotone", "T-S5-quiet", "T-S1-evidence"]
    )
    found.check()
    assert found.untried == ()


class Knowing(ViableSystem):
    """With a world, whose replica the node serves on after the system has ended."""

    ports: ClassVar[Any] = {"tool": Port()}
    world = World()

    def units(self) -> list[Any]:
        """One."""
        return [unit(Worker, id="one")]


def test_what_the_node_keeps_for_replicas_is_not_left_over() -> None:
    conformance(Knowing, only=["T-SHAPE-whole"]).check()
