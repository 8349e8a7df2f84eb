"""A level that measures all there is to measure, and what moves each of its figures, for tests of their sources."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from cybernetic import Refusal, System
from cybernetic.runtime import Ref
from cybernetic.vsm import (
    Audit,
    Budget,
    Channel,
    Cost,
    Index,
    Line,
    Note,
    Operation,
    Outcome,
    Port,
    Rate,
    Role,
    Task,
    ViableSystem,
    line_name,
    now,
    unit,
)
from cybernetic.vsm.control.control import Control
from cybernetic.vsm.coordination.messages import PaceRequest, Refused
from cybernetic.vsm.homeostat import Balance, Spoken
from cybernetic.vsm.intelligence.messages import BalanceReport, Shift
from cybernetic.vsm.operations.messages import Arrived
from tests.vsm.living.company import PAGER, TOOL

A, B = "shop/a", "shop/b"
LIES: list[bool] = []  # whether what was done is found false
BROKEN: list[bool] = []  # whether who looks can tell


def looked_at(evidence: Any) -> bool:
    """Whether it is as it was reported."""
    if BROKEN:
        raise ValueError("as told")
    return not LIES


class NotNow(Refusal):
    """Another time."""


class Clerk(Operation):
    """Does what the task's body says."""

    indices: ClassVar[Any] = (
        Index("cycle_time", limits=(0.0, 1000.0), cost=True),
        Index("success"),
        Index("cost", cost=True),
    )
    purposes: ClassVar[Any] = {"job": 1.0}

    async def handle(self, task: Task) -> Outcome:
        """One call, or several at once, unless it is to fail."""
        body = task.body or {}
        if body.get("fails"):
            raise NotNow
        if "seconds" in body:
            waits = [self.use("tool", asyncio.sleep, much, upper=Cost(usd=0.1)) for much in body["seconds"]]
            return Outcome(1, evidence=[one.receipt for one in await asyncio.gather(*waits)])
        port, same, upper = (
            body.get("port", "tool"),
            body.get("same", task.id),
            Cost(usd=body.get("usd", 0.1)),
        )
        calls = [self.use(port, TOOL, same, n, upper=upper) for n in range(body.get("calls", 1))]
        used = await asyncio.gather(*calls)
        return Outcome(1, good=body.get("good", True), evidence=[one.receipt for one in used])


class Shop(ViableSystem):
    """Two clerks."""

    budget = Budget(usd=1000, per=6000)
    ports: ClassVar[Any] = {
        "tool": Port(timeout=1000.0),
        "dear": Port(timeout=5.0, cost=lambda value: Cost(usd=2)),
        "paced": Port(rate=Rate(6, per=60), timeout=1000.0),
        "limited": Port(rate=Rate(600, per=60), timeout=50.0),
        "shared": Port(shared=1000.0, timeout=50.0),
    }
    audit = Audit(probability=1.0, every=5.0, verify=looked_at)
    human = (PAGER,)

    def units(self) -> list[Any]:
        """Equal ones."""
        return [unit(Clerk, id=name, floor=0.1) for name in "ab"]


@dataclass
class Stage:
    """A shop at work."""

    system: System
    level: Ref[Any]
    count: int = 0

    def begin(self, to: str = A, kind: str = "job", **body: Any) -> tuple[str, asyncio.Future[Any]]:
        """Give a task: its id, and what comes of it."""
        self.count += 1
        task = Task(kind, body, id=f"task-{self.count}", to=to)
        future = asyncio.ensure_future(self.level.within(None).call(ViableSystem.submit, task))
        future.add_done_callback(lambda one: one.cancelled() or one.exception())
        return task.id, future

    async def do(self, to: str = A, kind: str = "job", **body: Any) -> Any:
        """Have a task done; None where it is refused."""
        try:
            return await self.begin(to, kind, **body)[1]
        except Refusal:
            return None

    def carry(self, on: Channel = Channel.COORDINATION, **changes: Any) -> str:
        """Put a note on a channel; its id."""
        self.count += 1
        id = f"note-{self.count}"
        known = Note(
            Channel.COORDINATION,
            Role.CONTROL,
            "shop",
            Role.COORDINATION,
            "shop",
            7,
            id,
            id,
            disturbance=id,
            sent_at=now(),
        )
        said = replace(known, **changes)
        self.system.named(line_name("shop", on), Line).cast(Line.carry, said)
        return id

    def come(self, count: int, path: str = A) -> str:
        """So many tasks come, as system 4 is told; the id of the last."""
        said = {"channel": Channel.ENVIRONMENT, "sender": Role.ENVIRONMENT, "role": Role.INTELLIGENCE}
        ids = [self.carry(Channel.ENVIRONMENT, body=Arrived("job", path), **said) for _ in range(count)]
        return ids[-1] if ids else ""


Move = Callable[[Stage, int], Awaitable[str]]  # moves a figure for the n-th time; what its source begins with


def task(**body: Any) -> Move:
    """By a task that is done."""

    async def moves(stage: Stage, n: int) -> str:
        return str((await stage.do(**body)).task)

    return moves


def given(**body: Any) -> Move:
    """By a task that is not done for a long time."""

    async def moves(stage: Stage, n: int) -> str:
        TOOL.takes = 900.0
        return stage.begin(**body)[0]

    return moves


def failing(**body: Any) -> Move:
    """By a task that is refused, or whose outcome is none."""

    async def moves(stage: Stage, n: int) -> str:
        id, future = stage.begin(**body)
        await asyncio.wait([future])
        return id

    return moves


def slower(**body: Any) -> Move:
    """By a task that takes longer than the one before, and costs more."""

    async def moves(stage: Stage, n: int) -> str:
        TOOL.takes = 1.0 + n
        return str((await stage.do(usd=0.1 + n, **body)).task)

    return moves


async def fails_and_mends(stage: Stage, n: int) -> str:
    """By tasks that come to nothing, and then to something."""
    if not n:
        await stage.do()
    return str((await stage.do(good=bool(n))).task)


def call(**body: Any) -> Move:
    """By a call, which its receipt names."""

    async def moves(stage: Stage, n: int) -> str:
        return str((await stage.do(**body)).receipts[-1].id)

    return moves


async def under_way(stage: Stage, n: int) -> str:
    """By calls that are under way."""
    TOOL.takes = 3.0
    stage.begin(usd=1.0 + n)
    return f"{A}#"


async def overrun(stage: Stage, n: int) -> str:
    """By calls that take more than was set aside."""
    return str((await stage.do(port="dear", usd=1.0 - 0.5 * n)).receipts[-1].id)


async def suspended(stage: Stage, n: int) -> str:
    """By interventions."""
    at = now()
    await stage.level.call(ViableSystem.suspend, A, "a test", 0.5)
    return f"SUSPEND at {at}"


async def sparing(stage: Stage, n: int) -> str:
    """By a task of a unit that was intervened in."""
    if not n:
        await suspended(stage, n)
        await asyncio.sleep(2.0)
        await stage.do()
        await asyncio.sleep(2.0)
    return str((await stage.do()).task)


async def shared(stage: Stage, n: int) -> str:
    """By a call that another unit has made already."""
    await stage.do(port="shared", same=f"whales {n}")
    return str((await stage.do(B, port="shared", same=f"whales {n}")).receipts[-1].id)


async def refused(stage: Stage, n: int) -> str:
    """By the word of a unit that the other side said "too many"."""
    return stage.carry(sender=Role.PORTER, path_from=A, body=Refused("limited", 0.1))


async def crowded(stage: Stage, n: int) -> str:
    """By the wish of a unit for one more turn."""
    if not n:
        stage.begin(port="paced", calls=4)
        await asyncio.sleep(0.1)
    return stage.carry(sender=Role.PORTER, path_from=A, body=PaceRequest("paced", id=f"call {n}"))


async def let_go(stage: Stage, n: int) -> str:
    """By calls that wait and are let go, one after another."""
    if not n:
        stage.begin(port="paced", calls=6)
    return f"{A}#"


async def until(stage: Stage, standing: str) -> str:
    """Tasks are done until a unit is called so; the last of them."""
    while True:
        id = str((await stage.do()).task)
        await asyncio.sleep(0.1)
        found = await stage.level.call(ViableSystem.status)
        if found.standings[A].value == standing:
            return id


async def audited(stage: Stage, n: int) -> str:
    """By a task that is audited; and by the one at which it is enough."""
    LIES.extend([True] * n)
    return await until(stage, ("clean", "discrepant")[n])


async def lifted(stage: Stage, n: int) -> str:
    """By an audit, and by who lets the port be used again."""
    if not n:
        return await audited(stage, 1)
    await stage.level.call(ViableSystem.lift, "tool", "a test")
    return ""


async def doubted(stage: Stage, n: int) -> str:
    """By audits of somebody who cannot tell, and who can."""
    if not n:
        await stage.do()
    BROKEN[:] = [] if n else [True]
    return await until(stage, ("verifier suspect", "clean")[n])


async def reported(stage: Stage, n: int) -> str:
    """By the word on a period that is over."""
    balance = Balance(Spoken({}), Spoken({}), 0.0, 0.0, 1 + n, 1.0, sources={"reallocations": f"shift {n}"})
    channel, said = Channel.METASYSTEM, BalanceReport(balance, 3600.0)
    stage.carry(channel, channel=channel, sender=Role.INTELLIGENCE, role=Role.POLICY, body=said)
    return f"shift {n}"


async def inspected(stage: Stage, n: int) -> str:
    """By work of another kind, once it has been looked at."""
    return str((await stage.do(kind=("job", "other")[n])).task)


def note(**changes: Any) -> Move:
    """By a note."""

    async def moves(stage: Stage, n: int) -> str:
        return stage.carry(**changes)

    return moves


async def aged(stage: Stage, n: int) -> str:
    """By notes that have waited."""
    return stage.carry(sent_at=now() - 1.0 - n)


async def comes(stage: Stage, n: int) -> str:
    """By tasks that come."""
    TOOL.takes = 0.01
    return str([await stage.do() for _ in range(5 + 5 * n)][-1].task)


async def known(stage: Stage, n: int) -> str:
    """By tasks that come, to who has seen enough to be judged."""
    for tick in range(0 if n else 35):
        stage.come((7 * tick) % 5)
        await asyncio.sleep(10.0)
    return stage.come(40 + 40 * n)


async def run(stage: Stage, n: int) -> str:
    """By calls of a unit whose weight was raised, and of one whose was not."""
    return await (call(to=B)(stage, n) if n else changed(stage, n))


async def changed(stage: Stage, n: int) -> str:
    """By calls of a unit whose weight was raised."""
    control = stage.system.named("shop:control", Control)
    await control.call(Control.reweigh, Shift({A: 1.5, B: 0.5}, now() + 100.0))
    return await call(usd=1.0)(stage, n)


async def served(stage: Stage, n: int) -> str:
    """By calls, some of which are of no use."""
    TOOL.refuse, TOOL.retry_after = 2 + n, 0.01
    await stage.do(port="limited")
    return ""


async def strange(stage: Stage, n: int) -> str:
    """By a task of a kind that had never come."""
    for _ in range(0 if n else 2):
        await stage.do()
    return str((await stage.do(kind=f"kind {n}")).task)
