"""An effect that is written long after its try: what its statements are is a try that failed, whenever that is seen."""

import asyncio
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cybernetic.gateways import Effect, Hold, Intake, MemoryBroker, Message, Queue, consume
from cybernetic.state import NoRoom, OutboxFull, Store, StoreError, StoreFailed, StoreFull
from tests.gateways.agents.plant import WORK, Book, Clerk, Plant, orders, plant, send, until
from tests.support import soak

WRONG = "INSERT INTO no_such_table VALUES (1)"
LINE = Queue("work", single_active=True)
ODD = Message(b"0", routing_key="work", id="0", timestamp=2**63 + 5)  # it cannot be written back
FULL = OutboxFull("it", "1 item", 1, 1, None)
TRIES = 6

GOOD, FAILED, NONE = (
    ("good", "late"),
    ("raises", "wrong", "late and wrong", "cut"),
    ("no room", "store"),
)  # what happens at a try: it has its effect, it failed, or it was none
WAYS = "ordered", "beside", "stays", "asks", "answered"


class Late:
    """What happens at each try of the message "0", and a disk or an outbox that is full for a while."""

    def __init__(self, steps: list[str], wait: float, error: NoRoom | StoreError) -> None:
        self.steps, self.wait, self.error = list(steps), wait, error
        self.tries = list[str]()
        self.attempts = list[int]()
        self.full = False
        self.plant: Plant
        self.broker = MemoryBroker()

    async def act(self, delivery: Any, tx: Effect) -> None:
        step = self.steps.pop(0) if self.steps else "good"
        self.tries.append(step)
        self.attempts.append(delivery.attempt)
        if step.startswith("late"):
            self.full = True
            asyncio.get_running_loop().call_later(self.wait, setattr, self, "full", False)
        if step.endswith("wrong"):
            tx.execute(WRONG)
        elif step == "no room":
            raise FULL
        elif step == "store":
            assert self.plant.shelf.broken is not None
            self.plant.shelf.broken(StoreFailed("a", "as the test wants it"))
            await asyncio.sleep(100)
        elif step in FAILED:
            if step == "cut":
                self.broker.cut("as the test wants it")
            raise ValueError("it failed")

    def commits(self) -> Any:
        commit = Store.commit

        async def commits(store: Store, work: Any) -> Any:
            if self.full and isinstance(work, Effect):
                raise self.error
            return await commit(store, work)

        return commits


def expected(steps: list[str]) -> tuple[list[str], bool]:
    """What the tries are, and whether the message has its effect."""
    for n, step in enumerate(steps):
        if step in GOOD:
            return steps[: n + 1], True
        if sum(one in FAILED for one in steps[: n + 1]) == TRIES:
            return steps[: n + 1], False
    return [*steps, "good"], True


@given(
    st.sampled_from(WAYS),
    st.lists(st.sampled_from([*FAILED, *FAILED, *NONE, *GOOD]), max_size=9),
    st.sampled_from([3.0, 500.0, 4000.0]),
    st.sampled_from([FULL, StoreFull("a", "the disk is full")]),
)
@example("ordered", ["late and wrong"] * 9, 3.0, FULL)
@example("ordered", ["raises", "no room"] * 6, 3.0, FULL)
@example("answered", ["late and wrong", "store"] * 6, 4000.0, FULL)
@example("asks", ["late and wrong", "store"] * 9, 500.0, FULL)
@example("stays", ["late and wrong"] * 9, 500.0, FULL)
@example("beside", ["late and wrong", "cut", "store"] * 3, 500.0, FULL)
@settings(max_examples=soak(30, 400))
async def test_six_tries_in_all_fail_and_none_is_overtaken_whenever_their_failures_are_seen(
    way: str, steps: list[str], wait: float, error: NoRoom | StoreError
) -> None:
    late = Late(steps, wait if way in ("ordered", "answered") else min(wait, 500.0), error)

    async def handle(delivery: Any, tx: Effect) -> Any:
        if delivery.message.id == "0":
            if way == "answered":
                return Hold("may it?")
            await late.act(delivery, tx)
            if way == "asks":
                return Hold("may it?")
        return None

    async def answered(delivery: Any, answer: Any, tx: Effect) -> None:
        await late.act(delivery, tx)

    order = {"queue": LINE, "order": lambda delivery: 1} if way == "ordered" else {"queue": WORK}
    spec = consume(Clerk, Book(handle, answered), **order)
    tries, good = expected(steps)
    own = "answered 0" if way == "answered" else "0"
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        patch.setattr(Store, "commit", late.commits())
        async with plant(late.broker, Path(folder) / "a", spec) as late.plant:
            a = late.plant
            await send(a.outside, ODD if way == "stays" else orders(1)[0], *orders(2, first=1))
            if way == "answered":
                await asyncio.sleep(1)
                (one,) = await a.intake().call(Intake.held)
                await a.intake().call(Intake.answer, one.id, "yes")

            async def over() -> bool:
                if a.shelf.store is None:  # it is being opened anew
                    return False
                ids = [id for id, _ in await a.effects()]
                ends = own in ids if good else await parked(a) == 1
                return ends and {"1", "2"} <= {*ids}

            await until(over, seconds=100_000.0, step=50.0)
            await asyncio.sleep(100)
            ids = [id for id, _ in await a.effects()]
            assert late.tries == tries
            assert late.attempts == [1 + sum(one in FAILED for one in tries[:n]) for n in range(len(tries))]
            wanted = [*(["0"] if way == "answered" else []), *([own] if good else []), "1", "2"]
            assert ids == wanted if way == "ordered" else sorted(ids) == sorted(wanted)
            assert await parked(a) == (not good)


async def parked(a: Plant) -> int:
    """How many rest, as one sees who came after the wire was cut."""
    session = await a.broker.connect()
    try:
        return (await session.state("work.parked")).messages
    finally:
        await session.close()
