"""Leases that a porter holds, with a system 2 that says what the test wants: who may believe in which for how long."""

import asyncio
from typing import Any

import pytest

from cybernetic.core import CallTimeout
from cybernetic.vsm.coordination.lending import LeaseDesk
from cybernetic.vsm.coordination.messages import LeaseRequest
from cybernetic.vsm.damping import LeaseLost
from cybernetic.vsm.damping.leases import Lease
from cybernetic.vsm.ports.holding import Holding
from cybernetic.vsm.timing import now


class Answer:
    """What a unit waits for."""

    def __init__(self) -> None:
        self.lease: Any = None

    def reply(self, lease: Any) -> None:
        self.lease = lease


class Porter:
    """Speaks to a system 2 that gives one lease to everybody who asks, and never comes to prolong it."""

    def __init__(self) -> None:
        self.system = self
        self.told: list[str] = []

    def alive(self, user: object) -> bool:
        return True

    def task(self, work: Any) -> None:
        work.close()

    def tell(self, channel: object, role: object, body: object) -> None:
        self.told.append(type(body).__name__)

    async def ask(self, channel: object, role: object, body: Any, patience: float) -> Lease:
        return Lease(body.key, "company/solo", 7, now() + 6.0, 6.0)


async def held(*users: str) -> tuple[Porter, Holding, Lease]:
    """A lease of six seconds that all of those use."""
    porter = Porter()
    holding = Holding(porter)
    answers = [Answer() for _ in users]
    for user, answer in zip(users, answers, strict=True):
        await holding.get("shelf", 6.0, user, answer)  # type: ignore[arg-type]
    return porter, holding, answers[0].lease


async def test_a_lease_that_has_lapsed_lets_nobody_write_also_before_anybody_has_noticed() -> None:
    _, holding, lease = await held("a")
    await asyncio.sleep(5.9)
    holding.check(lease.token)
    await asyncio.sleep(0.2)
    with pytest.raises(LeaseLost, match="not held any more"):
        holding.check(lease.token)


async def test_a_lease_that_two_use_is_given_back_by_the_last_of_them() -> None:
    porter, holding, lease = await held("a", "b")
    assert holding.give_back("shelf", lease.token)
    holding.check(lease.token)
    assert "LeaseRelease" not in porter.told
    assert holding.give_back("shelf", lease.token)
    assert porter.told[-1] == "LeaseRelease"
    with pytest.raises(LeaseLost):
        holding.check(lease.token)


class Deaf(Porter):
    """Speaks to a desk whose first answer is lost, and which it cannot reach any more once it is `cut` off."""

    def __init__(self) -> None:
        super().__init__()
        self.desk, self.cut, self.lost = LeaseDesk(), False, False
        self.tasks = list[asyncio.Task[None]]()

    def task(self, work: Any) -> None:
        self.tasks.append(asyncio.create_task(work))

    async def ask(self, channel: object, role: object, body: Any, patience: float) -> Lease:
        answer = Answer()
        if not self.cut and isinstance(body, LeaseRequest):
            self.desk.request(body, "company/solo", answer, now() + patience, now())  # type: ignore[arg-type]
        elif not self.cut:
            return self.desk.renew(body, "company/solo", now())
        if self.cut or not self.lost:
            self.lost = True
            await asyncio.sleep(patience)
            raise CallTimeout("system 2", type(body).__name__, patience)
        return answer.lease  # type: ignore[no-any-return]


async def test_who_hears_of_its_lease_when_it_asks_again_believes_in_it_no_longer_than_it_lasts() -> None:
    porter, answer = Deaf(), Answer()
    holding = Holding(porter)
    await holding.get("shelf", 10.0, "a", answer)  # type: ignore[arg-type]
    porter.cut = True
    assert now() == pytest.approx(5.0)
    until = porter.desk.held(now())["shelf"].until
    await asyncio.sleep(until - now() - 0.01)
    holding.check(answer.lease.token)
    await asyncio.sleep(0.02)
    with pytest.raises(LeaseLost, match="not held any more"):
        holding.check(answer.lease.token)
    await asyncio.gather(*porter.tasks)


async def test_what_was_heard_of_late_is_renewed_in_time_and_for_as_long_as_was_wanted() -> None:
    porter, answer = Deaf(), Answer()
    holding = Holding(porter)
    await holding.get("shelf", 10.0, "a", answer)  # type: ignore[arg-type]
    (word,) = holding.report()
    assert word.ttl == 10.0
    assert word.until == pytest.approx(10.0)
    asked = now()
    await asyncio.sleep(5.0 / 3 + 0.1)
    (word,) = holding.report()
    assert word.until == pytest.approx(asked + 5.0 / 3 + 10.0)
    holding.give_back("shelf", answer.lease.token)
    await asyncio.gather(*porter.tasks)
