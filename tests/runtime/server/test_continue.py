"""`continue_with`: what runs right after a handler, before anything queued (GS-17)."""

import asyncio
from typing import Any

import pytest

from cybernetic import Crash, OptionError, Ref, System
from tests.runtime.server.agents import Boom, Counter, Journal, failure_of


class Steps(Journal):
    """Goes on by itself."""

    def __init__(self, lines: list[Any], begin: bool = False) -> None:
        super().__init__(lines)
        if begin:
            self.ref.cast(Journal.note, "sent from init")
            self.continue_with(Steps.step, 2)
            self.ref.cast(Journal.note, "sent from init too")

    def step(self, left: int, *, mark: str = "step") -> str:
        self.lines.append((mark, left))
        if left:
            self.continue_with(Steps.step, left - 1, mark=mark)
        return mark

    async def step_slowly(self, left: int) -> None:
        await asyncio.sleep(1)
        self.lines.append(("slowly", left))
        if left:
            self.continue_with(Steps.step_slowly, left - 1)

    def both(self) -> None:
        self.continue_with(Steps.step, 1, mark="a")
        self.continue_with(Steps.step, 0, mark="b")

    def fail(self) -> None:
        self.continue_with(Counter.crash, "in continue")

    def _hidden(self) -> None:
        self.lines.append("hidden")

    def go_on_privately(self) -> None:
        self.continue_with(Steps._hidden)

    def who(self) -> Any:
        self.continue_with(Steps.tell)

    def tell(self) -> None:
        self.lines.append(self.sender)


async def test_gs_17_continue_runs_before_anything_queued() -> None:
    lines: list[Any] = []
    async with System() as system:
        ref = await system.start(Steps, lines)
        ref.cast(Steps.step, 1)
        ref.cast(Journal.note, "queued")
        await ref.call(Journal.read)
    assert lines == [("step", 1), ("step", 0), "queued"]


async def test_gs_17_continue_from_init_runs_before_what_was_sent_before_and_in_init() -> None:
    lines: list[Any] = []
    async with System() as system:
        ref = system.spawn(Steps, lines, True)
        ref.cast(Journal.note, "sent by others")
        await ref.call(Journal.read)
    assert lines == [
        ("step", 2),
        ("step", 1),
        ("step", 0),
        "sent by others",
        "sent from init",
        "sent from init too",
    ]


async def test_gs_17_start_does_not_wait_for_what_follows_it() -> None:
    class Begins(Steps):
        def setup(self) -> None:
            self.continue_with(Steps.step_slowly, 0)

    lines: list[Any] = []
    async with System() as system:
        ref = await system.start(Begins, lines)
        assert lines == []
        await ref.call(Journal.note, "after")
    assert lines == [("slowly", 0), "after"]


@pytest.mark.parametrize("count", [1, 200])
async def test_gs_17_chains_run_uninterrupted(count: int) -> None:
    lines: list[Any] = []
    async with System() as system:
        ref = await system.start(Steps, lines)
        ref.cast(Steps.step, count)
        for i in range(count):
            ref.cast(Journal.note, i)
        await ref.call(Journal.read)
    assert lines == [("step", i) for i in range(count, -1, -1)] + list(range(count))


async def test_gs_17_chains_of_parked_handlers_run_uninterrupted_too() -> None:
    lines: list[Any] = []
    async with System() as system:
        ref = await system.start(Steps, lines)
        ref.cast(Steps.step_slowly, 2)
        ref.cast(Journal.note, "queued")
        await ref.within(10).call(Journal.read)
    assert lines == [("slowly", 2), ("slowly", 1), ("slowly", 0), "queued"]


async def test_gs_17_the_reply_goes_out_before_the_continuation_runs() -> None:
    lines: list[Any] = []

    class Late(Steps):
        def step_then_slowly(self) -> str:
            self.continue_with(Steps.step_slowly, 0)
            return "reply"

    class Asks(Journal):
        async def ask(self, steps: Ref[Late]) -> None:
            self.lines.append(("answer", await steps.call(Late.step_then_slowly)))

    async with System() as system:
        steps, asks = await system.start(Late, lines), await system.start(Asks, lines)
        await asks.call(Asks.ask, steps)
        await asyncio.sleep(5)
    assert lines == [("answer", "reply"), ("slowly", 0)]


async def test_gs_17_several_continuations_of_one_handler_run_in_order() -> None:
    lines: list[Any] = []
    async with System() as system:
        ref = await system.start(Steps, lines)
        ref.cast(Steps.both)
        ref.cast(Journal.note, "queued")
        await ref.call(Journal.read)
    assert lines == [("a", 1), ("b", 0), ("a", 0), "queued"]


async def test_gs_17_a_continuation_may_be_private_and_keeps_the_sender() -> None:
    class Sends(Journal):
        def begin(self, steps: Any) -> None:
            steps.cast(Steps.who)
            steps.cast(Steps.go_on_privately)

    lines: list[Any] = []
    async with System() as system:
        steps, sends = await system.start(Steps, lines), await system.start(Sends)
        await sends.call(Sends.begin, steps)
        await steps.call(Journal.read)
    assert lines == [sends, "hidden"]


async def test_gs_17_a_continuation_that_raises_crashes_the_agent() -> None:
    async with System() as system:
        ref = await system.start(Steps, [])
        ref.cast(Steps.fail)
        reason = await failure_of(ref.call(Journal.read))
    assert isinstance(reason, Crash)


async def test_gs_17_a_handler_that_crashes_takes_its_continuation_along() -> None:
    class Fails(Steps):
        def begin(self) -> None:
            self.continue_with(Steps.step, 0)
            raise Boom

    lines: list[Any] = []
    async with System() as system:
        ref = await system.start(Fails, lines)
        await failure_of(ref.call(Fails.begin))
    assert lines == []


async def test_gs_17_what_is_no_function_is_refused_at_the_line() -> None:
    class Wrong(Steps):
        def begin(self) -> str:
            with pytest.raises(
                OptionError, match=r"continue_with: expected a method such as Wrong\.name, got: 'step'"
            ):
                self.continue_with("step")  # type: ignore[arg-type]
            return "lives"

    async with System() as system:
        ref = await system.start(Wrong, [])
        assert await ref.call(Wrong.begin) == "lives"
