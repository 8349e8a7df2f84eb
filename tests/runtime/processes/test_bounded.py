"""Bounded mailboxes: what gives way, what never counts, what is told (PY-8)."""

import asyncio
import logging
from typing import Any

import pytest

from cybernetic import CallFailed, Down, Exit, Kill, MailboxFull, OptionError, Shutdown, System
from cybernetic.runtime import DeadLetter
from tests.runtime.processes.agents import Puppet, Upset, ends, heard, held, linked, monitored, settled

POLICIES = ("reject", "drop_oldest", "drop_newest")
LEFT = {"reject": [0, 1, 2], "drop_oldest": [3, 4, 5], "drop_newest": [0, 1, 5]}
DROPPED = {"reject": [3, 4, 5], "drop_oldest": [0, 1, 2], "drop_newest": [2, 3, 4]}
POLICY = pytest.mark.parametrize("policy", POLICIES)


def bounded(limit: int, policy: str) -> type[Puppet]:
    """A puppet's class with a bounded mailbox."""
    return type("Bounded", (Puppet,), {"mailbox_limit": limit, "overflow": policy})


def cast(ref: Any, value: Any) -> None:
    ref.cast(Puppet.note, value)


def send(ref: Any, value: Any) -> None:
    ref.send(value)


@pytest.mark.parametrize("message", [cast, send])
@pytest.mark.parametrize("state", ["busy", "suspended"])
@POLICY
async def test_py_8_one_too_many_makes_the_one_of_the_policy_give_way(
    policy: str, state: str, message: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async with System() as system:
        agent = await system.start(bounded(3, policy))
        with held(*[agent][: int(state == "busy")]):
            await settled()
            if state == "suspended":
                await agent.inspect().suspend()
            with heard(DeadLetter) as letters, caplog.at_level(logging.WARNING):
                for n in range(6):
                    message(agent, n)
            assert agent.inspect().info().length == 3
            assert agent.inspect().info().dropped == 3
            if state == "suspended":
                await agent.inspect().resume()
        await settled()
        assert await agent.call(Puppet.seen) == LEFT[policy]
        assert [(letter.target, letter.message, letter.why) for letter in letters] == [
            (agent, (n,), "full") for n in DROPPED[policy]
        ]
        assert system.statistics()["dead_letters"] == 3
        told = [record.message for record in caplog.records if "is full" in record.message]
        assert [line.split(": ")[-1] for line in told] == ["1 dropped so far", "2 dropped so far"]
        assert f"(3 messages, overflow={policy!r})" in told[0]


@POLICY
async def test_py_8_a_call_that_does_not_fit_or_is_dropped_fails_with_mailbox_full(policy: str) -> None:
    async with System() as system:
        agent = await system.start(bounded(3, policy))
        with held(agent):
            await settled()
            calls = [agent.request(Puppet.note, n) for n in range(6)]
        results = await asyncio.gather(*calls, return_exceptions=True)
        assert [n for n, result in enumerate(results) if result is None] == LEFT[policy]
        for n in DROPPED[policy]:
            error = results[n]
            assert isinstance(error, MailboxFull)
            assert (error.target, error.limit) == (agent, 3)
        assert await agent.call(Puppet.seen) == LEFT[policy]


@POLICY
async def test_py_8_what_is_not_dropped_is_what_the_runtime_delivers(policy: str) -> None:
    """Down, Exit, timers and system requests fit in, do not count, and stay."""
    async with System() as system:
        agent = await system.start(bounded(2, policy), True)
        watched, peer = await system.start(Puppet), await system.start(Puppet)
        token = await monitored(agent, watched)
        await linked(agent, peer)
        with held(agent):
            await settled()
            agent.send("a")
            agent.after(0).send("timer")
            await settled()
            watched.exit(Upset())
            peer.exit(Upset())
            state = asyncio.create_task(agent.inspect().get_state())
            await settled()
            agent.exit(Shutdown("explicit"))
            agent.send("b")
            agent.send("c")
            agent.after(0).send("timer")
            await settled()
            assert agent.inspect().info().length == 8
            assert agent.inspect().info().dropped == 1
        await settled()
        got = await agent.call(Puppet.seen)
        runtime = [Down(token, watched, Upset()), Exit(peer, Upset()), Exit(None, Shutdown("explicit"))]
        assert [message for message in got if message not in ("a", "b", "c")] == ["timer", *runtime, "timer"]
        assert [m for m in got if m in ("a", "b", "c")] == {
            "reject": ["a", "b"],
            "drop_oldest": ["b", "c"],
            "drop_newest": ["a", "c"],
        }[policy]
        assert "got" in await state


@POLICY
async def test_py_8_room_comes_back_when_messages_are_handled(policy: str) -> None:
    async with System() as system:
        agent = await system.start(bounded(2, policy))
        for n in range(20):
            agent.send(n)
            if n % 2:
                await settled()
        assert await agent.call(Puppet.seen) == list(range(20))
        assert agent.inspect().info().dropped == 0


@POLICY
async def test_py_8_a_mailbox_keeps_its_limit_whatever_passed_through_it(policy: str) -> None:
    """After trapped exits, flushes, suspensions with requests queued before them: the limit is what it was."""
    async with System() as system:
        agent = await system.start(bounded(3, policy), True)
        for _ in range(3):
            peer = await system.start(Puppet)
            token = await monitored(agent, peer)
            await linked(agent, peer)
            with held(agent):
                await settled()
                undone = agent.request(Puppet.do, lambda me, t=token: me.demonitor(t, flush=True))
                suspending = asyncio.create_task(agent.inspect().suspend())
                await settled()
                requests = [asyncio.create_task(agent.inspect().get_state()) for _ in range(3)]
                await settled()
                peer.exit(Upset())
            await suspending
            await asyncio.gather(*requests)
            assert await undone is False
            await agent.inspect().resume()
            await settled()
            await agent.call(Puppet.do, lambda me: me.got.clear())
            dropped = agent.inspect().info().dropped
            with held(agent):
                await settled()
                for n in range(3):
                    agent.send(n)
                assert agent.inspect().info().dropped == dropped
                agent.send(3)
                assert agent.inspect().info().dropped == dropped + 1
            await settled()
            kept = {"reject": [0, 1, 2], "drop_oldest": [1, 2, 3], "drop_newest": [0, 1, 3]}[policy]
            assert await agent.call(Puppet.seen) == kept


@pytest.mark.parametrize("first", ["timer", "message"])
@POLICY
async def test_py_8_an_agent_that_fills_its_own_mailbox_loses_no_more_than_the_policy_says(
    policy: str, first: str
) -> None:
    async with System() as system:
        agent = await system.start(bounded(5, policy))

        def fill(me: Any) -> None:
            for n in range(10, 13):
                me.ref.send(n)

        with held(agent):
            await settled()
            agent.cast(Puppet.do, fill)
            if first == "timer":
                agent.after(0).send("timer")
                await settled()
            for n in range(4):
                agent.send(n)
        await settled()
        got = await agent.call(Puppet.seen)
        if first == "timer":
            assert got.pop(0) == "timer"
        assert (
            got
            == {
                "reject": [0, 1, 2, 3, 10],
                "drop_oldest": [2, 3, 10, 11, 12],
                "drop_newest": [0, 1, 2, 3, 12],
            }[policy]
        )
        assert agent.inspect().info().dropped == 2


@POLICY
async def test_py_8_a_limit_above_a_turns_length_holds_in_the_middle_of_a_long_mailbox(policy: str) -> None:
    async with System() as system:
        agent = await system.start(bounded(150, policy))
        with held(agent):
            await settled()
            for n in range(70):
                agent.send(n)
            agent.cast(Puppet.do, lambda me: asyncio.sleep(1))
            for n in range(70, 149):
                agent.send(n)
        await asyncio.sleep(0.5)  # parked in the middle, 79 left
        for n in range(149, 230):
            agent.send(n)
        await asyncio.sleep(2)
        got = await agent.call(Puppet.seen)
        assert got[:70] == list(range(70))
        assert (
            got[70:]
            == {
                "reject": list(range(70, 220)),
                "drop_oldest": list(range(80, 230)),
                "drop_newest": [*range(70, 219), 229],
            }[policy]
        )
        assert agent.inspect().info().dropped == 10


@POLICY
async def test_py_8_casts_from_agents_count_as_those_from_outside(policy: str) -> None:
    async with System() as system:
        agent, sender = await system.start(bounded(3, policy)), await system.start(Puppet)
        with held(agent):
            await settled()
            await sender.call(Puppet.do, lambda me: [agent.cast(Puppet.note, n) for n in range(6)] and None)
        await settled()
        assert await agent.call(Puppet.seen) == LEFT[policy]


@POLICY
async def test_py_8_stopping_and_signals_pass_a_full_mailbox(policy: str) -> None:
    async with System() as system:
        for end in ("stop", "exit", "kill"):
            agent = await system.start(bounded(1, policy))
            with ends() as reasons, held(agent):
                await settled()
                call = agent.request(Puppet.seen)
                if end == "stop":
                    stopped = asyncio.create_task(agent.stop())
                    await settled()
                    continue
                agent.exit(Kill() if end == "kill" else Upset())
                await settled()
                assert agent in reasons
                with pytest.raises(CallFailed):
                    await call
            if end == "stop":
                await stopped


@pytest.mark.parametrize(
    ("limit", "policy"),
    [(0, "reject"), (-1, "reject"), ("3", "reject"), (True, "reject"), (3, "drop"), (3, None)],
)
async def test_py_8_a_wrong_limit_or_policy_is_an_error_at_the_line(limit: Any, policy: Any) -> None:
    async with System() as system:
        with pytest.raises(OptionError, match=r"mailbox_limit|overflow"):
            system.spawn(bounded(limit, policy))
        assert list(system.agents()) == []


async def test_py_8_what_arrives_before_the_first_turn_counts() -> None:
    async with System() as system:
        agent = system.spawn(bounded(2, "reject"))
        for n in range(4):
            agent.send(n)
        await settled()
        assert await agent.call(Puppet.seen) == [0, 1]
