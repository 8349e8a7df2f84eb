"""The supervisor against a model: any sequence of requests, crashes and failing starts, under every strategy."""

import asyncio
import logging
from collections.abc import Coroutine
from functools import partial
from typing import Any, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from cybernetic import (
    AlreadyPresent,
    AlreadyStarted,
    ChildNotStarted,
    Kill,
    Killed,
    Normal,
    NotFound,
    Refusal,
    Running,
    Shutdown,
    Supervisor,
    System,
    child,
)
from cybernetic.core import Crash
from cybernetic.testing import VirtualTimeLoop
from tests.supervision.agents import Family, Tidy, Worker, kin, moment
from tests.supervision.model import Kid, Model

R = TypeVar("R")
IDS = st.integers(0, 6)
RESTARTS = st.sampled_from(["permanent", "permanent", "transient", "temporary"])
REASONS = st.sampled_from([Normal(), Shutdown(), Shutdown("x"), Crash("RuntimeError", "boom"), Killed()])


class Member(Tidy):
    """A child whose start fails if its id is in `bad`, which then forgets it."""

    def __init__(self, id: int, journal: list[Any], bad: set[int]) -> None:
        super().__init__(id, journal)
        self.bad = bad

    async def setup(self) -> None:
        if self.label in self.bad:
            self.bad.discard(self.label)
            raise RuntimeError("a bad start")


class Supervision(RuleBasedStateMachine):
    """Every rule does the same to a supervisor and to the model; then they must look the same."""

    def __init__(self) -> None:
        super().__init__()
        logging.disable()
        self.runner = asyncio.Runner(loop_factory=VirtualTimeLoop)
        self.system = System()
        self.run(self.system.__aenter__())

    def teardown(self) -> None:
        self.run(self.system.__aexit__(None, None, None))
        assert not asyncio.all_tasks(self.runner.get_loop())
        self.runner.close()
        logging.disable(logging.NOTSET)

    def run(self, coro: Coroutine[Any, Any, R]) -> R:
        return self.runner.run(coro)

    def now(self) -> float:
        return self.runner.get_loop().time()

    def spec(self, id: int, restart: Any) -> Any:
        args = (id, self.journal, self.bad)
        return child(Member, *args, id=id, name=f"member {id}", restart=restart)

    @initialize(
        strategy=st.sampled_from(["one_for_one", "one_for_all", "rest_for_one"]),
        most=st.integers(0, 5),
        seconds=st.integers(1, 5),
        restarts=st.lists(RESTARTS, max_size=4),
    )
    def begin(self, strategy: Any, most: int, seconds: int, restarts: list[Any]) -> None:
        self.journal: list[Any] = []
        self.bad: set[int] = set()
        self.model = Model(strategy, most, seconds)
        for id, restart in enumerate(restarts):
            self.model.kids.append(Kid(id, restart))
            self.model.start(self.model.kids[-1])
        cls = partial(Family, strategy=strategy, max_restarts=most, max_seconds=seconds)
        specs = [self.spec(id, restart) for id, restart in enumerate(restarts)]
        self.top = self.run(self.system.start(cls, *specs, type="temporary"))

    def ask(self, method: Any, *args: Any) -> Any:
        """A request to the supervisor; returns its answer, or the class of its refusal."""

        async def request() -> Any:
            try:
                return await self.top.call(method, *args)
            except Refusal as refusal:
                return type(refusal)
            finally:
                await moment()

        return self.run(request())

    alive = precondition(lambda self: self.model.alive)

    @alive
    @rule(id=IDS, restart=RESTARTS)
    def start_child(self, id: int, restart: Any) -> None:
        kid = self.model.find(id)
        found = self.ask(Supervisor.start_child, self.spec(id, restart))
        if kid is not None:
            assert found is (AlreadyStarted if kid.running else AlreadyPresent)
            return
        kid = Kid(id, restart)
        if self.model.start(kid):
            self.model.kids.append(kid)
            assert self.system.alive(found)
        else:
            assert found is ChildNotStarted

    @alive
    @rule(id=IDS)
    def terminate_child(self, id: int) -> None:
        kid = self.model.find(id)
        found = self.ask(Supervisor.terminate_child, id)
        assert found is (NotFound if kid is None else None)
        if kid is not None:
            self.model.stop(kid)
            if kid.restart == "temporary":
                self.model.kids.remove(kid)

    @alive
    @rule(id=IDS)
    def restart_child(self, id: int) -> None:
        kid = self.model.find(id)
        found = self.ask(Supervisor.restart_child, id)
        if kid is None:
            assert found is NotFound
        elif kid.running:
            assert found is Running
        else:
            assert self.system.alive(found) if self.model.start(kid) else found is ChildNotStarted

    @alive
    @rule(id=IDS)
    def delete_child(self, id: int) -> None:
        kid = self.model.find(id)
        found = self.ask(Supervisor.delete_child, id)
        assert found is (NotFound if kid is None else Running if kid.running else None)
        if kid is not None and not kid.running:
            self.model.kids.remove(kid)

    @alive
    @rule(data=st.data(), reason=REASONS, bad=st.sets(IDS, max_size=2))
    def end(self, data: st.DataObject, reason: Any, bad: set[int]) -> None:
        running = [kid for kid in self.model.kids if kid.running]
        if not running:
            return
        kid = data.draw(st.sampled_from(running))
        self.bad |= bad
        self.model.bad_starts |= bad
        self.run(self._end(kid, reason))
        self.model.ended(kid, reason, self.moment_of_end)

    async def _end(self, kid: Kid, reason: Any) -> None:
        ref = (await kin(self.top))[kid.id]
        self.moment_of_end = self.now()
        if isinstance(reason, Killed):
            ref.exit(Kill())
        elif isinstance(reason, Crash):
            ref.cast(Worker.crash, reason.text)
        else:
            ref.cast(Worker.leave, reason)
        await moment()

    @rule(seconds=st.sampled_from([0.5, 1.0, 3.0]))
    def wait(self, seconds: float) -> None:
        self.run(asyncio.sleep(seconds))

    @invariant()
    def they_look_the_same(self) -> None:
        assert self.journal == self.model.journal
        assert self.system.alive(self.top) == self.model.alive
        running = [kid for kid in self.model.kids if kid.running]
        assert self.system.names.keys() == {f"member {kid.id}" for kid in running}
        assert len(list(self.system.agents())) == len(running) + self.model.alive
        if self.model.alive:
            self._compare_children(len(running))

    def _compare_children(self, active: int) -> None:
        infos = self.run(self.top.call(Supervisor.which_children))
        shown = [(info.id, info.restart, info.ref is not None) for info in reversed(infos)]
        assert shown == [(kid.id, kid.restart, kid.running) for kid in self.model.kids]
        for info in infos:
            assert info.ref is self.system.whereis(f"member {info.id}", Member)
        counts = self.run(self.top.call(Supervisor.count_children))
        assert tuple(counts) == (len(infos), active, 0, len(infos))


TestSupervision = Supervision.TestCase
TestSupervision.settings = settings(stateful_step_count=30)
