"""Hosts that fail, classes that a node has not, isolation elsewhere, what cannot travel: each was wrong once."""

import asyncio
import sys
from functools import partial
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

import pytest

from cybernetic import (
    Agent,
    CallFailed,
    ChildNotStarted,
    Crash,
    DynamicSupervisor,
    Kill,
    Killed,
    NoNode,
    OptionError,
    Refusal,
    StartFailed,
    Supervisor,
    System,
    child,
    travels,
)
from cybernetic.nodes.host.driver_memory import MemoryHost
from cybernetic.nodes.link import network
from cybernetic.nodes.remote.classes import Classes, may_travel
from cybernetic.nodes.remote.starts import InboundStarts
from cybernetic.runtime import protocol_of
from tests.nodes.cluster.mesh import inside, names, one, until

FOUR = [f"worker-{n}" for n in range(1, 5)]


class Quiet(Agent):
    """Does nothing."""


class OnEach(Supervisor):
    """A child on each of four nodes."""

    def children(self) -> Any:
        return [child(Quiet, id=node, name=f"on {node}", node=node) for node in FOUR]


class Alone(Supervisor):
    """Five children, each in a process of its own."""

    def children(self) -> Any:
        return [child(Quiet, id=n, name=f"alone {n}", isolate=True) for n in range(5)]


def _kill(host: MemoryHost, *names: str) -> None:
    """End all nodes, or these, at once."""
    for pair in list(network().pairs):
        pair.cut()
    for name, number in list(host._nodes):
        if not names or name in names:
            host.kill(name, number)


@pytest.mark.parametrize("top", [OnEach, Alone])
async def test_nodes_that_are_lost_together_count_once(top: Any) -> None:
    host = MemoryHost()
    async with System(nodes=4, host_port=host) as system:
        whole = await system.start(top)
        names = [name for name in system._running().names if name.startswith(("on ", "alone "))]
        before = [system.whereis(name) for name in names]
        assert len(before) >= 4
        assert None not in before
        _kill(host)

        def back() -> bool:
            now = [system.whereis(name) for name in names]
            return None not in now and not set(now) & set(before)

        await until(back)
        assert system.alive(whole)


class Answers(Agent):
    """Takes anything, and gives what cannot travel."""

    def __init__(self, given: object = None) -> None:
        self.given = given

    def odd(self, inside: bool) -> Any:
        return {"a": [object()]} if inside else object()

    def refuse(self) -> None:
        raise Heavy(object())


@travels
class Heavy(Refusal):
    """A refusal with something in it that cannot travel."""


async def test_what_cannot_travel_is_named_as_its_writer_knows_it() -> None:
    async with System(nodes=1, host_port=MemoryHost()) as system:
        nursery = await system.start(DynamicSupervisor, type="temporary")
        far: Any = await _start(nursery, Answers, node="worker-1")
        for inside, path in ((False, "answer"), (True, "answer['a'][0]")):
            with pytest.raises(CallFailed) as failed:
                await far.call(Answers.odd, inside)
            assert isinstance(failed.value.reason, Crash)
            assert failed.value.reason.text.startswith(f"{path}: expected")
            assert str(failed.value) == (
                f"the answer of {far} to Answers.odd cannot arrive: {failed.value.reason}"
            )
        with pytest.raises(CallFailed, match=r"the answer of .* to Answers\.refuse cannot arrive: "):
            await far.call(Answers.refuse)
        assert system.alive(far)
        with pytest.raises(ChildNotStarted, match=r"arguments\[0\]\[1\]: expected"):
            await _start(nursery, Answers, [1, object()], node="worker-1")
        with pytest.raises(ChildNotStarted, match=r"keywords\['given'\]: expected"):
            await _start(nursery, partial(Answers, given=object()), node="worker-1")


def _hide(monkeypatch: pytest.MonkeyPatch, *lacking: str) -> list[str]:
    """Let these nodes lack `Quiet`; returns where it was looked for."""
    asked, load = [], InboundStarts.start

    def start(self: Any, id: int, parent: int, kind: int, path: str, *more: Any) -> None:
        if path.endswith(":Quiet"):
            asked.append(self._cluster.name)
            if self._cluster.name in lacking:
                path = "no.such.module:Quiet"
        load(self, id, parent, kind, path, *more)

    monkeypatch.setattr(InboundStarts, "start", start)
    return asked


async def test_a_node_that_lacks_the_class_is_avoided_and_named_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    asked = _hide(monkeypatch, "worker-1", "worker-2")
    offers = {"work": True}
    async with System(nodes=3, host_port=MemoryHost(), capabilities=offers) as system:
        nursery = await system.start(DynamicSupervisor, type="temporary")
        for number in range(12):
            ref: Any = await _start(nursery, Quiet, id=number, requires=["work"])
            assert ref.node == "worker-3"
        assert asked.count("worker-1") == asked.count("worker-2") == 1
        for node in ("worker-1", "worker-2"):
            (said,) = [text for text in caplog.messages if text.startswith(f"{node} is avoided for Quiet")]
            assert "No module named 'no'" in said


class Gpu(Supervisor):
    """A child that needs what one node offers, beside one that does not."""

    def children(self) -> Any:
        yield child(Quiet, id="gpu", name="gpu", requires={"gpu": True})
        yield child(Answers, id="other", name="other")


async def test_a_child_whose_class_no_fitting_node_has_waits_and_harms_nobody(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    asked = _hide(monkeypatch, "edge")
    async with one("a", nodes=1) as system:
        top = await system.start(Gpu)
        other = system.whereis("other")
        async with one("edge", "a", capabilities={"gpu": True}):
            await asyncio.sleep(100)
            assert 5 < len(asked) < 60
            assert system.alive(top)
            assert system.whereis("other") == other
            assert system.whereis("gpu") is None
            (said,) = [each for each in caplog.records if "is avoided for Quiet" in each.getMessage()]
            assert (said.levelname, "no other fits" in said.getMessage()) == ("ERROR", True)
            async with one("good", "a", capabilities={"gpu": True}):
                await until(lambda: system.whereis("gpu") is not None, 1.0)
                assert getattr(system.whereis("gpu"), "node", "") == "good"


class Works(Supervisor):
    """A child that any node of the program's own could run."""

    def children(self) -> Any:
        yield child(Quiet, id="work", requires={"work": True})


async def test_a_program_whose_own_nodes_all_lack_a_class_does_not_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = _hide(monkeypatch, "a.x", "a.y", "edge")
    offers = {"work": True}
    async with (
        one("a", nodes=["a.x", "a.y"], capabilities=offers) as system,
        one("edge", "a", capabilities=offers),
    ):
        with pytest.raises(StartFailed, match=r"cannot start Quiet: .*No module named 'no'"):
            await system.start(Works)
        assert sorted(asked) == ["a.x", "a.y", "edge"]
        nursery = await system.start(DynamicSupervisor, type="temporary")
        with pytest.raises(ChildNotStarted, match="No module named 'no'") as failed:
            await _start(nursery, Quiet, node="a.x")
        assert isinstance(failed.value.reason, Crash)
        with pytest.raises(ChildNotStarted, match="No module named 'no'") as failed:
            await _start(nursery, Quiet, node="edge")
        assert isinstance(failed.value.reason, Crash), "no node of the program itself has it"


async def test_a_bystander_that_lacks_a_class_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    _hide(monkeypatch, "edge")
    async with one("a", nodes=["a.x"]) as system, one("edge", "a"):
        nursery = await system.start(DynamicSupervisor, type="temporary")
        with pytest.raises(ChildNotStarted, match="No module named 'no'") as failed:
            await _start(nursery, Quiet, node="edge")
        assert isinstance(failed.value.reason, NoNode)


async def test_so_it_is_started_where_its_supervisor_is_if_that_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = _hide(monkeypatch, "b")
    async with one("a", capabilities={"gpu": True}) as system, one("b", "a", capabilities={"gpu": True}):
        nursery = await system.start(DynamicSupervisor, type="temporary")
        for number in range(8):
            ref: Any = await _start(nursery, Quiet, id=number, name=f"q{number}", requires={"gpu": True})
            assert ref.node == "a"
            assert system.whereis(f"q{number}") == ref
        assert asked == ["b"]
        assert (await nursery.call(DynamicSupervisor.count_children)).active == 8
        ended = asyncio.ensure_future(system.wait(ref))
        await asyncio.sleep(0)
        ref.exit(Kill())
        assert await ended == Killed()


async def test_an_isolated_child_runs_on_the_host_of_the_node_that_fits() -> None:
    async with one("a", nodes=1) as system:
        nursery = await system.start(DynamicSupervisor, type="temporary")
        for options in ({"requires": {"gpu": True}}, {"node": "worker-9"}):
            with pytest.raises(ChildNotStarted) as failed:
                await _start(nursery, Quiet, isolate=True, **options)
            assert isinstance(failed.value.reason, NoNode)
        near: Any = await _start(nursery, Quiet, isolate=True, node="worker-1")
        assert near.node.startswith("a.")
        for offers, nodes in (({"gpu": True}, 0), ({"gpu": True}, ["b.x"])):
            async with one("b", "a", capabilities=offers, nodes=nodes) as other:
                ref: Any = await _start(nursery, Answers, isolate=True, requires={"gpu": True})
                assert ref.node.startswith("b.Answers")
                assert {node.name: node.kind for node in other.nodes}[ref.node] == "isolated"
                assert ref.node in [node.name for node in system.nodes]
                await ref.stop()
                await until(partial(_is_gone, other, ref.node))
            await until(lambda: "b" not in [node.name for node in system.nodes])


def _is_gone(system: System, node: str) -> bool:
    return node not in names(system)


class Hanging(Agent):
    """Never comes up."""

    async def setup(self) -> None:
        await asyncio.Event().wait()


@pytest.mark.parametrize("delay", [0.0, 1.0])
async def test_an_isolated_start_elsewhere_that_is_given_up_leaves_nothing_there(delay: float) -> None:
    host, offers = MemoryHost(), {"gpu": True}
    async with (
        one("a") as system,
        one("b", "a", capabilities=offers, nodes=["b.x"], host_port=host) as other,
    ):
        nursery = await system.start(DynamicSupervisor, type="temporary")
        before = names(other)
        network().delay = delay  # of new lines: with it the process is still being made
        with pytest.raises(ChildNotStarted, match="StartTimeout"):
            await _start(nursery, Hanging, isolate=True, requires={"gpu": True}, start_timeout=0.5)
        network().delay = 0.0
        await asyncio.sleep(2)
        assert not [key for key in host._nodes if "Hanging" in key[0]]
        await until(lambda: names(other) == before)


async def test_a_host_that_can_make_no_process_is_avoided() -> None:
    async with (
        one("a") as system,
        one("b", "a", capabilities={"gpu": True}) as bad,
        one("c", "a", capabilities={"gpu": True}),
    ):

        async def refuse(*_: Any) -> str:
            raise RuntimeError("no room")

        inside(bad).answers["isolate"] = refuse
        nursery = await system.start(DynamicSupervisor, type="temporary")
        for number in range(6):
            ref: Any = await _start(nursery, Quiet, id=number, isolate=True, requires={"gpu": True})
            assert ref.node.startswith("c.")


def test_a_class_of_a_package_that_is_run_is_found_by_its_own_name(monkeypatch: pytest.MonkeyPatch) -> None:
    main = ModuleType("__main__")
    main.__spec__ = ModuleSpec("pk.__main__", None)
    monkeypatch.setitem(sys.modules, "__main__", main)
    cls = type("W", (Agent,), {"__module__": "__main__"})
    main.W = cls  # type: ignore[attr-defined]
    assert Classes().path(protocol_of(cls)) == "pk.__main__:W"
    assert Classes().load("pk.__main__:W") is cls


@pytest.mark.parametrize("path", ["__main__:W", "os:f.<locals>.W"])
def test_a_class_that_stands_in_no_file_is_refused_with_a_sentence(path: str) -> None:
    assert not may_travel(path)
    with pytest.raises(
        OptionError, match="at the top level of a file, from which other processes can import"
    ):
        Classes().load(path)


async def _start(nursery: Any, cls: Any, *args: Any, **options: Any) -> Any:
    spec = child(cls, *args, restart="temporary", **options)
    return await nursery.call(DynamicSupervisor.start_child, spec)
