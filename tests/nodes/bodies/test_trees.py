"""Supervisors whose children are on several nodes."""

import asyncio
from typing import Any

import pytest

from cybernetic import (
    AlreadyPresent,
    AlreadyStarted,
    CallFailed,
    CannotTravel,
    ChildNotStarted,
    Crash,
    DynamicSupervisor,
    Kill,
    Killed,
    MaxChildren,
    NoNode,
    NotFound,
    Refusal,
    Refused,
    Running,
    Shutdown,
    StartFailed,
    Supervisor,
    TooManyRestarts,
    child,
)
from tests.nodes.bodies.acts import seen, until
from tests.nodes.bodies.cast import Actor, Chronicler, Deaf, Fussy, Loose, Pair, SoldOut, Tidy, Upset
from tests.nodes.stage import ONE, TWO, Stage, everywhere, stage


def spec(id: str, cls: str, *args: Any, **options: Any) -> tuple[Any, ...]:
    return id, cls, args, options


async def tree(s: Stage, specs: list[Any], **options: Any) -> Any:
    return await s.system.start(Pair, specs, options, type="temporary")


@everywhere
@pytest.mark.parametrize("strategy", ["one_for_one", "one_for_all", "rest_for_one"])
async def test_children_start_and_stop_in_order_whatever_their_node(where: str, strategy: str) -> None:
    async with stage(where) as s:
        elder = await s.here(Actor)
        specs = [spec(n, "chronicler", elder, n, node=s.far if n in "bd" else None) for n in "abcd"]
        top = await tree(s, specs, strategy=strategy)
        assert await seen(elder, 4) == ["+a", "+b", "+c", "+d"]
        await top.call(Supervisor.terminate_child, "c")
        assert (await seen(elder, 5))[4:] == ["-c"]
        await top.call(Supervisor.restart_child, "c")
        assert (await seen(elder, 6))[5:] == ["+c"]
        infos = {info.id: info.ref for info in await top.call(Supervisor.which_children)}
        infos["b"].exit(Kill())
        expected = {
            "one_for_one": ["+b"],
            "one_for_all": ["-d", "-c", "-a", "+a", "+b", "+c", "+d"],
            "rest_for_one": ["-d", "-c", "+b", "+c", "+d"],
        }[strategy]
        assert (await seen(elder, 6 + len(expected)))[6:] == expected
        await top.stop()
        assert (await seen(elder, 10 + len(expected)))[6 + len(expected) :] == ["-d", "-c", "-b", "-a"]


@everywhere
@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("crash in init", Crash("ValueError", "no")),
        ("crash in setup", Crash("ValueError", "not yet")),
        ("stop in init", Upset("no")),
        ("refuse", Refused),
        ("refuse quietly", Refused),
        ("private reason", None),
    ],
)
async def test_a_start_that_fails_says_why(where: str, how: str, reason: Any) -> None:
    async with stage(where) as s:
        with pytest.raises(ChildNotStarted) as failed:
            await s.spawn(Fussy, how, name="fussy")
        got = failed.value.reason
        if reason is Refused:
            assert isinstance(got, Refused)
            assert type(got.error) is SoldOut or "shut" in str(got.error)
        elif reason is not None:
            assert got == reason
        assert s.system.whereis("fussy") is None
        assert await (await s.spawn(Fussy, "well", name="fussy")).call(Actor.kind) == "actor"


@everywhere
async def test_a_static_tree_that_cannot_start_undoes_what_has(where: str) -> None:
    async with stage(where) as s:
        elder = await s.here(Actor)
        specs = [
            spec("a", "chronicler", elder, "a", node=s.far),
            spec("b", "chronicler", elder, "b"),
            spec("c", "fussy", "crash in init", node=s.far),
        ]
        with pytest.raises(StartFailed):
            await tree(s, specs)
        assert await seen(elder, 4) == ["+a", "+b", "-b", "-a"]


@everywhere
async def test_a_start_that_takes_too_long_is_killed_and_leaves_nothing(where: str) -> None:
    async with stage(where) as s:
        elder = await s.here(Actor)
        for limit in (0.2, 2.0, 20.0):  # longer where it did not even begin
            with pytest.raises(ChildNotStarted, match="StartTimeout"):
                await s.spawn(Fussy, "hang", elder, name="late", start_timeout=limit)
            await s.calm()
            if halves := await elder.call(Actor.seen):
                break
        (half,) = halves
        with pytest.raises(CallFailed):
            await half.call(Actor.kind)
        assert s.system.whereis("late") is None
        assert (await s.nursery.call(Supervisor.count_children)).specs == 1


async def test_a_start_that_was_given_up_on_its_way_leaves_nothing() -> None:
    """The time is over while the news that it has started is on its way."""
    async with stage(TWO) as s:
        elder = await s.here(Actor)
        s.delay(1.0)
        with pytest.raises(ChildNotStarted, match="StartTimeout"):
            await s.spawn(Fussy, "well", elder, name="late", start_timeout=1.5)
        s.delay(0.0)
        await asyncio.sleep(3)
        (half,) = await seen(elder, 1)
        with pytest.raises(CallFailed):
            await half.call(Actor.kind)
        assert s.system.whereis("late") is None


@everywhere
async def test_a_slow_start_is_waited_for(where: str) -> None:
    async with stage(where) as s:
        slow = await s.spawn(Fussy, "slow", start_timeout=60.0)
        assert await slow.call(Actor.kind) == "actor"


@everywhere
async def test_a_child_that_is_not_needed_is_no_failure(where: str) -> None:
    async with stage(where) as s:
        top = await tree(s, [spec("a", "fussy", "ignore", node=s.far), spec("b", "actor", node=s.far)])
        infos = {info.id: info.ref for info in await top.call(Supervisor.which_children)}
        assert infos["a"] is None
        assert infos["b"] is not None


@everywhere
async def test_management_by_message_from_everywhere(where: str) -> None:
    async with stage(where) as s:
        top = await s.spawn(Pair, [spec("a", "actor"), spec("b", "actor")])
        with pytest.raises(AlreadyStarted):
            await top.call(Supervisor.start_child, child(Actor, id="a"))
        with pytest.raises(NotFound):
            await top.call(Supervisor.terminate_child, "z")
        with pytest.raises(Running):
            await top.call(Supervisor.restart_child, "a")
        with pytest.raises(Running):
            await top.call(Supervisor.delete_child, "a")
        await top.call(Supervisor.terminate_child, "a")
        with pytest.raises(AlreadyPresent):
            await top.call(Supervisor.start_child, child(Actor, id="a"))
        assert (await top.call(Supervisor.get_childspec, "a")).id == "a"
        await top.call(Supervisor.delete_child, "a")
        counts = await top.call(Supervisor.count_children)
        assert (counts.specs, counts.active, counts.workers, counts.supervisors) == (1, 1, 1, 0)
        nested = await top.call(Supervisor.start_child, child(Pair, [spec("x", "actor")], id="nested"))
        assert nested is not None
        (info,) = await nested.call(Supervisor.which_children)
        assert await info.ref.call(Actor.kind) == "actor"


@everywhere
async def test_a_dynamic_supervisor_elsewhere(where: str) -> None:
    async with stage(where) as s:
        loose = await s.spawn(Loose)
        refs: list[Any] = [await loose.call(DynamicSupervisor.start_child, child(Actor)) for _ in range(3)]
        with pytest.raises(MaxChildren):
            await loose.call(DynamicSupervisor.start_child, child(Actor))
        await loose.call(DynamicSupervisor.terminate_child, refs[0])
        with pytest.raises(NotFound):
            await loose.call(DynamicSupervisor.terminate_child, refs[0])
        back = await loose.call(DynamicSupervisor.start_child, child(Actor, node="main" if s.far else None))
        assert back is not None
        assert await back.call(Actor.kind) == "actor"
        assert (await loose.call(DynamicSupervisor.count_children)).active == 3


@everywhere
async def test_what_restarts_and_what_does_not(where: str) -> None:
    async with stage(where) as s:
        kinds = ("permanent", "transient", "temporary")
        top = await tree(
            s, [spec(k, "actor", name=k, node=s.far, restart=k) for k in kinds], max_restarts=100
        )
        await s.calm()

        async def ends(how: Any) -> set[str]:
            before = {k: s.system.whereis(k) for k in kinds}
            for ref in before.values():
                if ref is not None:
                    how(ref)

            async def over() -> bool:
                return s.system.whereis("permanent") not in (None, before["permanent"])

            await until(over)
            await s.calm()
            after = {k: s.system.whereis(k) for k in kinds}
            return {k for k in kinds if after[k] is not None and after[k] != before[k]}

        assert await ends(lambda ref: ref.exit(Upset())) == {"permanent", "transient"}
        assert await ends(lambda ref: ref.cast(Actor.quit, Shutdown())) == {"permanent"}
        counts = await top.call(Supervisor.count_children)
        assert (counts.specs, counts.active) == (2, 1)


@everywhere
@pytest.mark.parametrize("auto", ["any_significant", "all_significant"])
async def test_significant_children_end_the_tree(where: str, auto: str) -> None:
    async with stage(where) as s:
        options: dict[str, Any] = {"node": s.far, "significant": True, "restart": "transient"}
        top = await tree(
            s,
            [spec("a", "actor", name="a", **options), spec("b", "actor", name="b", **options)],
            auto_shutdown=auto,
        )
        await s.calm()
        over = asyncio.ensure_future(s.system.wait(top))
        await s.calm()
        await s.system.named("a", Actor).stop()
        if auto == "all_significant":
            await s.calm()
            assert not over.done()
            await s.system.named("b", Actor).stop()
        assert await over == Shutdown()


@everywhere
@pytest.mark.parametrize(
    ("shutdown", "least", "most"), [("brutal_kill", 0.0, 0.2), (0.5, 0.5, 0.8), (5.0, 1.0, 1.4)]
)
async def test_shutdown_limits_hold_across(where: str, shutdown: Any, least: float, most: float) -> None:
    async with stage(where) as s:
        elder = await s.here(Actor)
        top = await tree(s, [spec("a", "tidy", elder, 1.0, node=s.far, shutdown=shutdown)])
        clock = asyncio.get_running_loop().time
        before = clock()
        await top.call(Supervisor.terminate_child, "a")
        assert least <= clock() - before <= most + s.slack
        await seen(elder, int(shutdown == 5.0))


@everywhere
async def test_a_deaf_child_is_killed_when_its_time_is_over(where: str) -> None:
    async with stage(where) as s:
        top = await tree(s, [spec("a", "deaf", name="deaf", node=s.far, shutdown=0.3)])
        await s.calm()
        deaf = s.system.whereis("deaf", Deaf)
        assert deaf is not None
        end = asyncio.ensure_future(s.system.wait(deaf))
        await top.stop()
        assert await end in (Killed(), Shutdown())


@everywhere
async def test_too_many_restarts_end_the_tree(where: str) -> None:
    async with stage(where) as s:
        top = await tree(s, [spec("a", "actor", name="a", node=s.far)], max_restarts=2)
        over = asyncio.ensure_future(s.system.wait(top))
        ended: list[Any] = [None]

        async def back() -> bool:
            return s.system.whereis("a") not in ended

        for _ in range(3):
            await until(back)
            ended.append(s.system.whereis("a"))
            ended[-1].exit(Upset())
        assert await over == Shutdown(TooManyRestarts("a", Upset()))
        await s.calm()
        assert s.system.whereis("a") is None


@everywhere
async def test_a_start_finds_its_name_held(where: str) -> None:
    async with stage(where) as s:
        near = await s.here(Actor, name="held")
        await s.calm()
        with pytest.raises(AlreadyStarted) as held:
            await s.spawn(Actor, name="held")
        assert held.value.ref == near
        await near.stop()
        await s.calm()
        assert await (await s.spawn(Actor, name="held")).call(Actor.kind) == "actor"


async def test_what_cannot_be_started_elsewhere_says_why() -> None:
    async with stage(TWO) as s:
        with pytest.raises((CannotTravel, ChildNotStarted), match=r"CannotTravel|travel"):
            await s.spawn(Tidy, object())

        class Hidden(Actor):
            """Defined where no other process finds it."""

        for module, why in (("tests.nodes.bodies.cast", "top level"), ("no.such.module", "can import")):
            hidden = type("Hidden", (Hidden,), {"__module__": module, "__qualname__": "Nowhere"})
            s.delay(0.1)
            start = asyncio.ensure_future(s.spawn(hidden))
            await asyncio.sleep(0.05)
            hidden.__qualname__ = "Elsewhere"  # in one process it would be found all the same
            with pytest.raises(ChildNotStarted) as failed:
                await start
            assert why in str(failed.value.reason)
            s.delay(0.0)
        with pytest.raises(ChildNotStarted) as nowhere:
            await s.spawn(Actor, node=None, requires={"gpu": True})
        assert isinstance(nowhere.value.reason, NoNode)
        assert (await s.nursery.call(Supervisor.count_children)).specs == 0


async def test_one_node_has_no_others() -> None:
    async with stage(ONE) as s:
        with pytest.raises(ChildNotStarted) as failed:
            await s.spawn(Actor, node="worker-1")
        assert isinstance(failed.value.reason, Crash)
        assert issubclass(ChildNotStarted, Refusal)


@everywhere
async def test_a_supervisor_that_is_killed_takes_its_children_along(where: str) -> None:
    async with stage(where) as s:
        elder = await s.here(Actor, True)
        top = await tree(s, [spec("a", "chronicler", elder, "a", name="a", node=s.far)])
        await s.calm()
        a = s.system.whereis("a", Chronicler)
        assert a is not None
        top.exit(Kill())

        async def gone() -> bool:
            return s.system.whereis("a") is None

        await until(gone)
        with pytest.raises(CallFailed):
            await a.call(Actor.kind)
