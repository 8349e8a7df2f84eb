"""Whose fault it is: what the caller pays for, what the agent, and what is an answer (DESIGN section 3)."""

import asyncio
import functools
from collections.abc import Callable
from typing import Any

import pytest

from cybernetic import Agent, BadCall, Crash, MailboxFull, Refusal, Refused, StartFailed, System
from cybernetic.core import attach
from cybernetic.runtime import DeadLetter
from tests.runtime.server.agents import (
    Boom,
    Counter,
    Doer,
    Journal,
    No,
    ending,
    failure_of,
    passes,
    reports,
    texts,
)


class Full(Journal):
    """Has room for one message."""

    mailbox_limit = 1


class Strict(Agent):
    """Methods with demands."""

    def two(self, a: int, *, b: int = 0) -> int:
        return a + b

    async def two_async(self, a: int, b: int) -> int:
        await asyncio.sleep(1)
        return a + b

    def inner(self, how: str) -> Any:
        return self.two() if how == "call" else None + 1  # type: ignore[call-arg, operator]

    async def inner_async(self) -> Any:
        await asyncio.sleep(1)
        return self.two()  # type: ignore[call-arg]


async def test_cast_and_send_never_raise_for_the_state_of_the_target_and_what_is_dropped_is_told() -> None:
    letters: list[DeadLetter] = []
    async with System() as system:
        dead, full = await system.start(Journal), await system.start(Full)
        await dead.stop()
        full.cast(Journal.note_slowly, 1, 9.0)
        await passes()
        full.cast(Journal.note, "fits")
        detach = attach(DeadLetter, letters.append)
        try:
            for target in (dead, system.named("nobody", Journal), full, full.within(1)):
                target.cast(Journal.note, "cast")
                target.send("send")
        finally:
            detach()
        assert [letter.why for letter in letters] == ["dead"] * 2 + ["no such name"] * 2 + ["full"] * 4
        assert system.statistics()["dead_letters"] == 8
        with pytest.raises(MailboxFull):
            await full.call(Journal.read)


@pytest.mark.parametrize(
    ("method", "args", "kwargs"),
    [
        (Strict.two, (), {}),
        (Strict.two, (1, 2), {}),
        (Strict.two, (1,), {"c": 1}),
        (Strict.two, (1,), {"a": 1}),
        (Strict.two_async, (1,), {}),
        (Strict.two_async, (1, 2, 3), {}),
    ],
)
async def test_arguments_that_do_not_bind_are_the_callers_fault_and_the_agent_lives(
    method: Any, args: tuple[Any, ...], kwargs: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    async with System() as system:
        ref: Any = await system.start(Strict)
        with pytest.raises(BadCall, match=rf"{method.__qualname__}: arguments do not bind: "):
            await ref.call(method, *args, **kwargs)
        assert texts(caplog) == []
        ref.cast(method, *args, **kwargs)
        assert await ref.call(Strict.two, 1, b=2) == 3
        assert system.statistics()["bad_calls"] == 2
    (text,) = texts(caplog)
    assert "arguments do not bind" in text
    assert method.__qualname__ in text


@pytest.mark.parametrize(
    ("method", "args"), [(Strict.inner, ("call",)), (Strict.inner, ("add",)), (Strict.inner_async, ())]
)
async def test_a_type_error_inside_the_handler_is_its_own_fault(method: Any, args: tuple[Any, ...]) -> None:
    async with System() as system:
        ref: Any = await system.start(Strict)
        reason = await failure_of(ref.call(method, *args))
        assert isinstance(reason, Crash)
        assert reason.type == "TypeError"
        assert not system.alive(ref)


async def test_a_decorated_method_binds_as_what_it_decorates() -> None:
    def wrapped(fn: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(fn)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            return fn(*args, **kwargs)

        return wrapper

    class Decorated(Agent):
        @wrapped
        def one(self, a: int) -> int:
            return a

    async with System() as system:
        ref = await system.start(Decorated)
        with pytest.raises(BadCall):
            await ref.call(Decorated.one)
        assert await ref.call(Decorated.one, 1) == 1


async def test_an_override_with_other_arguments_binds_as_itself() -> None:
    class Narrow(Counter):
        def add(self) -> int:  # type: ignore[override]
            return 7

    async with System() as system:
        ref = await system.start(Narrow)
        with pytest.raises(BadCall, match=r"Narrow\.add: arguments do not bind"):
            await ref.call(Counter.add, 1)
        assert await ref.call(Counter.add) == 7


async def _later(error: Exception) -> None:
    await asyncio.sleep(1)
    raise error


def _at_once(error: Exception) -> None:
    raise error


@pytest.mark.parametrize("how", [_at_once, _later])
async def test_a_refusal_is_an_answer_raised_at_the_caller_as_it_is_and_the_agent_lives(
    how: Any, caplog: pytest.LogCaptureFixture
) -> None:
    error = No("not now")
    async with System() as system:
        ref = await system.start(Doer)
        for _ in range(3):
            with pytest.raises(No, match="not now") as caught:
                await ref.call(Doer.do, lambda _: how(error))
            assert caught.value is error
        assert system.alive(ref)
        assert issubclass(No, Refusal)
    assert texts(caplog) == []


@pytest.mark.parametrize("how", [_at_once, _later])
async def test_a_refusal_of_a_cast_or_message_is_logged_and_the_agent_lives(
    how: Any, caplog: pytest.LogCaptureFixture
) -> None:
    class Refuses(Doer):
        def receive(self, message: Any) -> Any:
            return message(self)

    async with System() as system:
        ref = await system.start(Refuses)
        ref.cast(Doer.do, lambda _: how(No("a cast")))
        ref.send(lambda _: how(No("a message")))
        await asyncio.sleep(3)
        ref.cast(Doer.do, lambda doer: doer.continue_with(Doer.do, lambda _: how(No("a continuation"))))
        await asyncio.sleep(3)
        assert system.alive(ref)
    found = texts(caplog)
    assert len(found) == 3
    for text, what in zip(found, ("a cast", "a message", "a continuation"), strict=True):
        assert what in text
        assert "Refuses" in text


async def test_a_refusal_of_another_agents_answer_passes_through_as_ones_own() -> None:
    async with System() as system:
        counter, doer = await system.start(Counter), await system.start(Doer)
        with pytest.raises(No, match="inner"):
            await doer.call(Doer.do, lambda _: counter.call(Counter.refuse, "inner"))
        assert system.alive(doer)
        assert system.alive(counter)


async def test_a_refusal_in_init_or_setup_is_a_quiet_start_failure(caplog: pytest.LogCaptureFixture) -> None:
    class Init(Agent):
        def __init__(self) -> None:
            raise No("init")

    class Setup(Agent):
        async def setup(self) -> None:
            await asyncio.sleep(1)
            raise No("setup")

    async with System() as system:
        for cls in (Init, Setup):
            with pytest.raises(StartFailed) as caught:
                await system.start(cls)
            assert isinstance(caught.value.reason, Refused)
            assert isinstance(caught.value.reason.error, No)
    assert texts(caplog) == []


async def test_an_uncaught_failure_of_an_own_call_is_a_crash_of_the_caller() -> None:
    async with System() as system:
        counter, doer = await system.start(Counter), await system.start(Doer)
        reason = await failure_of(doer.call(Doer.do, lambda _: counter.call(Counter.crash)))
        assert isinstance(reason, Crash)
        assert reason.type == "CallFailed"
        assert "Boom: boom" in reason.text


@pytest.mark.parametrize(
    "error", [Boom("x"), TimeoutError(), StopAsyncIteration(), GeneratorExit()], ids=repr
)
async def test_every_other_exception_crashes_the_agent_with_its_name_and_text(
    error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    async with System() as system:
        ref = await system.start(Doer)
        ended = await ending(system, ref)
        ref.cast(Doer.do, lambda _: _at_once(error))  # type: ignore[arg-type]
        assert await ended == Crash(type(error).__name__, str(error))
    assert len(reports(caplog)) == 1


async def test_an_exception_whose_text_fails_crashes_all_the_same() -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise Boom

    async with System() as system:
        ref = await system.start(Doer)
        reason = await failure_of(ref.call(Doer.do, lambda _: _at_once(Mute())))
    assert reason == Crash("Mute", "<its __str__ raised Boom>")
