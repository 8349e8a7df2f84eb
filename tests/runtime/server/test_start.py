"""How a start succeeds, and which failures there are (GS-1 to GS-3)."""

import asyncio
from functools import partial
from typing import Any

import pytest

from cybernetic import (
    Agent,
    AlreadyStarted,
    ArgumentsError,
    Crash,
    Ignore,
    Normal,
    NotRunning,
    OptionError,
    Reason,
    Refused,
    Shutdown,
    StartFailed,
    StartIgnored,
    Stop,
    System,
)
from tests.runtime.server.agents import Boom, Counter, Doer, Journal, No, now, reason_of_end, texts
from tests.runtime.server.starting import WHERE, Slow, Starter, Starting


async def test_gs_1_start_waits_until_init_and_setup_are_done() -> None:
    async with System() as system:
        before = now()
        ref = await system.start(Slow, 3.0)
        assert now() - before == 3.0
        assert system.alive(ref)


async def test_gs_1_start_from_inside_an_agent_waits_as_well() -> None:
    async with System() as system:
        starter = await system.start(Starter, False)
        before = now()
        ref = await starter.within(None).call(Starter.begin, Slow, 60.0)
        assert now() - before == 60.0
        assert system.alive(ref)


async def test_gs_1_spawn_does_not_wait_and_messages_sent_meanwhile_are_handled_after_setup() -> None:
    class Late(Counter):
        async def setup(self) -> None:
            await asyncio.sleep(2)
            self.value += 100

    async with System() as system:
        before = now()
        ref = system.spawn(Late)
        assert now() == before
        assert await ref.call(Counter.add, 1) == 101
        assert now() - before == 2.0


async def test_gs_1_keyword_arguments_travel_in_a_partial() -> None:
    async with System() as system:
        ref = await system.start(partial(Counter, start=7))
        assert await ref.call(Counter.get) == 7


@pytest.mark.parametrize("args", [(1, 2), ("a", "b", "c")])
async def test_gs_1_arguments_that_do_not_fit_are_refused_at_the_line(args: tuple[Any, ...]) -> None:
    async with System() as system:
        with pytest.raises(ArgumentsError, match="Counter: arguments do not bind"):
            system.spawn(Counter, *args)
        with pytest.raises(ArgumentsError, match="Counter: arguments do not bind"):
            await system.start(Counter, *args)
        assert not list(system.agents())


@pytest.mark.parametrize("what", [int, "Counter", Counter(1), lambda: Counter(1), None])
async def test_gs_1_only_classes_of_agents_are_started(what: Any) -> None:
    async with System() as system:
        with pytest.raises(OptionError, match="a subclass of Agent"):
            await system.start(what)
        assert not list(system.agents())


@pytest.mark.parametrize(
    "option", [{"start_timeout": -1}, {"start_timeout": "5"}, {"type": "eternal"}, {"name": ""}]
)
async def test_gs_1_impossible_options_are_refused_at_the_line(option: dict[str, Any]) -> None:
    async with System() as system:
        with pytest.raises(OptionError, match=f"{next(iter(option))}: expected .* got: "):
            await system.start(Counter, **option)
        assert not list(system.agents())


async def test_gs_2_the_name_is_taken_before_init_runs() -> None:
    class Curious(Agent):
        def __init__(self) -> None:
            self.found = self.system.whereis("curious")

        def mine(self) -> bool:
            return self.found is self.ref and self.ref.name == "curious"

    async with System() as system:
        ref = await system.start(Curious, name="curious")
        assert await ref.call(Curious.mine)


async def test_gs_2_a_name_that_is_held_is_refused_and_init_does_not_run() -> None:
    made: list[int] = []

    class Made(Agent):
        def __init__(self) -> None:
            made.append(1)

    async with System() as system:
        holder = await system.start(Counter, name="one")
        with pytest.raises(AlreadyStarted) as starting:
            await system.start(Made, name="one")
        with pytest.raises(AlreadyStarted) as spawning:
            system.spawn(Made, name="one")
        for error in (starting.value, spawning.value):
            assert (error.what, error.ref) == ("one", holder)
        assert made == []
        assert list(system.agents()) == [holder]


async def test_gs_2_of_fifty_starters_at_once_one_wins_and_the_others_get_its_ref() -> None:
    async with System() as system:
        results = await asyncio.gather(
            *(system.start(Slow, 1.0, name="one") for _ in range(50)), return_exceptions=True
        )
        winners = [r for r in results if not isinstance(r, BaseException)]
        losers = [r.ref for r in results if isinstance(r, AlreadyStarted)]
        assert len(winners) == 1
        assert losers == winners * 49


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (Stop(Shutdown("enough")), Shutdown("enough")),
        (Boom("bad"), Crash("Boom", "bad")),
    ],
)
async def test_gs_3_a_start_that_stops_or_raises_tells_the_starter_the_reason_it_exits_with(
    where: str, error: Any, reason: Reason
) -> None:
    async with System() as system:
        with pytest.raises(StartFailed) as caught:
            await system.start(Starting, where, error)
        assert caught.value.reason == reason
        assert not isinstance(caught.value, StartIgnored)
        assert not list(system.agents())
        assert await reason_of_end(system, Starting, where, error) == reason


@pytest.mark.parametrize("where", WHERE)
async def test_gs_3_ignore_yields_no_agent_and_no_failure_and_exits_normally(
    where: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with System() as system:
        with pytest.raises(StartIgnored):
            await system.start(Starting, where, Ignore())
        assert not list(system.agents())
        assert await reason_of_end(system, Starting, where, Ignore()) == Normal()
    assert texts(caplog) == []


@pytest.mark.parametrize("where", WHERE)
async def test_gs_3_a_refusal_is_a_quiet_failure_and_exits_normally(
    where: str, caplog: pytest.LogCaptureFixture
) -> None:
    error = No("not today")
    async with System() as system:
        with pytest.raises(StartFailed) as caught:
            await system.start(Starting, where, error)
        assert caught.value.reason == Refused(error)
        assert caught.value.reason.orderly
        assert not list(system.agents())
        assert await reason_of_end(system, Starting, where, error) == Normal()
    assert texts(caplog) == []


async def test_gs_3_stop_called_in_init_fails_the_start_too() -> None:
    class Quits(Agent):
        def __init__(self) -> None:
            self.stop(Shutdown("at once"))

    async with System() as system:
        with pytest.raises(StartFailed) as caught:
            await system.start(Quits)
        assert caught.value.reason == Shutdown("at once")


async def test_gs_3_the_values_of_init_and_setup_mean_nothing() -> None:
    class Odd(Counter):
        async def setup(self) -> Any:
            return "anything"

    async with System() as system:
        assert await (await system.start(Odd, 3)).call(Counter.get) == 3


async def test_a_class_made_by_hand_is_an_ordinary_object_that_knows_it_is_not_running() -> None:
    counter = Counter(10)
    assert counter.add(1) == 11
    for use in (
        lambda: counter.ref,
        lambda: counter.system,
        lambda: counter.sender,
        lambda: counter.stop(),
        lambda: counter.spawn(Counter),
        lambda: counter.defer(),
        lambda: counter.receive("x"),
    ):
        with pytest.raises(NotRunning, match="Counter"):
            use()


async def test_an_agent_works_with_its_ref_and_system_from_init_on() -> None:
    class Early(Journal):
        def __init__(self) -> None:
            super().__init__()
            self.ref.cast(Journal.note, "from init")
            self.child = self.spawn(Counter, 3)
            assert self.sender is None
            assert self.system.alive(self.ref)

        async def ask(self) -> int:
            return await self.child.call(Counter.get)

    async with System() as system:
        ref = await system.start(Early)
        assert await ref.call(Journal.read) == ["from init"]
        assert await ref.call(Early.ask) == 3


async def test_an_agent_whose_start_failed_inside_a_handler_is_the_doers_business_only() -> None:
    async def begin(doer: Doer) -> Any:
        with pytest.raises(StartFailed) as caught:
            await doer.start(Starting, "init", Boom("bad"))
        return caught.value.reason

    async with System() as system:
        doer = await system.start(Doer)
        assert await doer.call(Doer.do, begin) == Crash("Boom", "bad")
        assert system.alive(doer)
