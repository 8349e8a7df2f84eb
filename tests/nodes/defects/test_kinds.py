"""Messages whose fields are of the wrong kind close the link of the node that sent them, and harm nobody else."""

import asyncio
import math
from typing import Any

import pytest

from cybernetic import Agent, System, attach
from cybernetic.nodes import NodeLost
from cybernetic.nodes.host.driver_memory import MemoryHost
from cybernetic.nodes.remote import ops
from cybernetic.nodes.remote.fields import FIELDS, check
from cybernetic.testing import settle
from cybernetic.wire import Codec, DamagedMessage

SECRET = "known to all nodes"
TO = "the agent meant"  # stands for its serial
AGENT = (ops.CLASS, 1, "elsewhere:Agent")


class Holder(Agent):
    """Holds a name."""

    def node(self) -> str:
        return self.ref.node


def one(name: str, **options: Any) -> System:
    return System(node=name, host_port=MemoryHost(), secret=SECRET, listen=[f"memory:{name}"], **options)


def part(*row: Any) -> Any:
    """A piece of a node's part of the directory, of one row."""
    return ops.PART, Codec().encode([[1, 2], [list(row)]])


@pytest.mark.parametrize(
    "messages",
    [
        [(ops.EXIT, TO, 0, 0, 5)],
        [(ops.EXIT, TO, 0, 0, None)],
        [(ops.STOP, TO, 0, 0, "x")],
        [AGENT, (ops.WATCH, TO), (ops.DEATH, 7, "no reason")],
        [AGENT, (ops.WATCH, TO), (ops.DEATH, 7, None)],
        [AGENT, (ops.LINK, TO, "seven", 1)],
        [AGENT, (ops.LINK, TO, True, 1)],
        [(ops.LINK, TO, 7, 1)],
        [part(0, 1, "held", 5, 0, "nine", "x:Y")],
        [part(0, 1, "held", 5, 0, 0, "x:Y")],
        [part(0, 1, "held", math.nan, 0, 9, "x:Y")],
        [part(0, 1, "held", math.inf, 0, 9, "x:Y")],
        [part(0, 1, 5, 5, 0, 9, "x:Y")],
        [part(0, 1, "", 5, 0, 9, "x:Y")],
        [part(0, 1, ["held"])],
        [part(1, 1, 5, True)],
        [part(2, 1, "groups", "key", 9, "x:Y", [1])],
        [(ops.PART, b"\xc1")],
        [(ops.PART, Codec().encode("held"))],
        [(ops.PART, "held")],
        [(ops.COMPARE, 1, "digest")],
        [(ops.COMPARE, -1, b"digest")],
        [(ops.AGREED, None)],
        [(ops.LACKING, 5)],
        [(ops.LACKING, [1])],
        [(ops.LACKING, [3, 2])],
        [(ops.LACKING, ["one", 2])],
        [AGENT, (ops.CAST, TO, "nine", 1, "node")],
        [AGENT, (ops.CASTS, [TO, -9, 1, "node"])],
        [(ops.CAST, TO, 0, 0, 7)],
        [(ops.CASTS, [TO, 0, 0, 7])],
        [(ops.CASTS, TO)],
        [(ops.CAST_WITH, TO, 0, 0, "node", {1: 2})],
        [(ops.CAST_WITH, TO, 0, 0, "node", [])],
        [(ops.CALL_WITH, TO, 0, 0, "id", "node", {})],
        [(ops.CALL, TO, "x", 0, 1, "node")],
        [(ops.SEND, TO, 0, 0)],
        [(ops.SEND, TO, -1, 1, "hello")],
        [(ops.CALL, TO, 0, 0, 1, 7)],
        [(ops.FAIL, 1, 5)],
        [(ops.CLASS, 1, 5)],
        [(ops.CLASS, "one", "x:Y")],
        [AGENT, (ops.START, 1, 3, 1, "cybernetic:Agent", (), {}, 7, None, ())],
        [AGENT, (ops.START, 1, 3, 1, "cybernetic:Agent", (), {}, None, "x", ())],
        [AGENT, (ops.START, 1, 3, 1, "cybernetic:Agent", (), {}, None, math.nan, ())],
        [AGENT, (ops.START, 1, 3, 1, "cybernetic:Agent", 5, {}, None, None, ())],
        [(ops.STARTED, 1, "serial")],
        [(ops.NOT_STARTED, 1, None)],
        [(ops.ASK, 1, ["x"])],
        [(ops.REPLY, 1, "well", 1)],
        [(ops.MEMBERS, "names")],
        [(ops.WATCH, TO, "more")],
    ],
    ids=str,
)
async def test_a_field_of_the_wrong_kind_closes_that_link_alone(messages: Any) -> None:
    lost: list[NodeLost] = []
    async with (
        one("one") as first,
        one("bad", join=["memory:one"]) as bad,
        one("good", join=["memory:one"]) as good,
    ):
        held = await first.start(Holder, name="held")
        await good.start(Holder, name="on good")
        await settle(first)
        assert bad._cluster is not None
        peer = bad._cluster.peers["one"]
        for message in messages:
            peer.post(_with(message, held._serial))
        end = attach(NodeLost, lost.append)
        await settle(first)
        end()
        assert {event.node for event in lost} == {"one", "bad"}  # each has lost the other
        assert first.alive(held)
        assert first.whereis("held") == held
        assert await good.named("held", Holder).call(Holder.node) == "one"
        assert await first.named("on good", Holder).call(Holder.node) == "good"
        await good.start(Holder, name="held again")
        await asyncio.sleep(0.1)
        assert first.whereis("held again") is not None
        await asyncio.sleep(5)
        assert sorted(node.name for node in first.nodes) == ["bad", "good", "one"]


def test_every_kind_of_message_has_its_fields_said_save_the_most_common() -> None:
    kinds = {value for name, value in vars(ops).items() if name.isupper()}
    assert kinds - set(FIELDS) == {ops.CAST, ops.CASTS, ops.CALL, ops.SEND, ops.TELL, ops.ANSWER}


@pytest.mark.parametrize("op", sorted(FIELDS))
def test_fields_that_are_missing_are_refused(op: int) -> None:
    with pytest.raises(DamagedMessage, match=r"expected a message [A-Z_]+ of \d fields, got: 0"):
        check(op, (op,))


def _with(message: Any, serial: int) -> Any:
    if isinstance(message, list | tuple):
        return type(message)(_with(part, serial) for part in message)
    return serial if message is TO else message
