"""How a part travels: it arrives as it was sent, as its sender's own, and what no node writes is refused."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybernetic.crdt import LWW, MV, Stamp
from cybernetic.nodes.directory.directory import Directory
from cybernetic.nodes.directory.form import pack, unpack
from cybernetic.wire import Codec, DamagedMessage, WireError

CODEC = Codec()
NAMES = st.sampled_from(["x", "y"])


def some_part(acts: list[tuple[Any, ...]]) -> Directory:
    node = Directory("a", "1")
    for n, (what, name, serial) in enumerate(acts, 1):
        if what == "claim":
            node.claim(name, Stamp(n, n % 3, "a"), serial, "m:C")
        elif what == "release":
            node.release(name, serial)
        elif what in ("enter", "leave"):
            getattr(node, what)(name, b"g", serial, *(["m:C"] if what == "enter" else []))
        else:
            getattr(node, what)(name)
    return node


PARTS = st.lists(
    st.tuples(
        st.sampled_from(["claim", "release", "enter", "leave", "open", "close"]), NAMES, st.integers(1, 2)
    ),
    max_size=12,
).map(some_part)


@given(PARTS, st.integers(1, 4))
def test_a_part_arrives_as_it_was_sent_whole_or_in_pieces(node: Directory, keys: int) -> None:
    def sent(part: Any) -> Any:
        return unpack(CODEC.decode(CODEC.encode(pack(part, node.me))), node.me)

    assert sent(node.own) == node.own
    whole = unpack([[], []], node.me)
    for piece in node.own.in_order(keys):
        assert sent(piece) == piece
        whole = whole.join(sent(piece))
    assert whole == node.own


@given(PARTS, st.data())
def test_whatever_arrives_is_a_part_or_refused(node: Directory, data: st.DataObject) -> None:
    sent = bytearray(CODEC.encode(pack(node.own, node.me)))
    for _ in range(data.draw(st.integers(1, 3))):
        sent[data.draw(st.integers(0, len(sent) - 1))] = data.draw(st.integers(0, 255))
    there = Directory("b", "1")
    try:
        part = unpack(CODEC.decode(sent), node.me)
    except WireError:
        return
    there.learn(node.me, part)
    assert set(part.context.runs) <= {"a"}
    for claim in there.holders():
        assert claim.source == node.me
        assert claim.name
        assert claim.path
        assert claim.serial > 0


def test_whoever_sends_a_part_it_is_its_own() -> None:
    node, there = Directory("a", "1"), Directory("b", "1")
    node.claim("x", Stamp(5, 0, "a"), 1, "m:C")
    there.learn(("c", "1"), unpack(pack(node.own, node.me), ("c", "1")))
    holder = there.holder("x")
    assert holder is not None
    assert (holder.source, holder.stamp) == (("c", "1"), Stamp(5, 0, "c"))


GOOD: list[list[Any]] = [
    [0, 1, "x", 5, 0, 7, "m:C"],
    [0, 1, "x"],
    [1, 1, "teams", True],
    [1, 1, "teams"],
    [2, 1, "teams", b"g", 7, "m:C", [1, 2]],
    [2, 1, "teams", b"g", 7],
]
BAD: list[Any] = [
    [0, 1, "x", 5, 0, 0, "m:C"],
    [0, 1, "x", 5, 0, -7, "m:C"],
    [0, 1, "x", 5, 0, True, "m:C"],
    [0, 1, "x", 5, 0, 2**63, "m:C"],
    [0, 1, "x", 5, 0, 7, ""],
    [0, 1, "x", 5, 0, 7, 7],
    [0, 1, "x", 5, 0, 7],
    [0, 1, "x", -5, 0, 7, "m:C"],
    [0, 1, "x", 5, 2**32, 7, "m:C"],
    [0, 1, "x", "five", 0, 7, "m:C"],
    [0, 1, "", 5, 0, 7, "m:C"],
    [0, 1, 5],
    [0, 0, "x"],
    [0, "one", "x"],
    [0, 1],
    [1, 1, 5, True],
    [1, 1, ["teams"], True],
    [2, 1, "teams", "g", 7, "m:C", [1]],
    [2, 1, "teams", b"g", "seven", "m:C", [1]],
    [2, 1, "", b"g", 7, "m:C", [1]],
    [2, 1, "teams", b"g", 7, "m:C", []],
    [2, 1, "teams", b"g", 7, "m:C", ["one"]],
    [2, 1, "teams", b"g", 7, "m:C", 1],
    [2, 1, "teams", b"g", 7, 5, [1]],
    [2, 1, "teams", b"g", 7, "m:C"],
    [3, 1, "x"],
    [],
    5,
    "rows",
]


@pytest.mark.parametrize("row", GOOD, ids=str)
def test_a_row_as_it_is_written_is_taken(row: list[Any]) -> None:
    part = unpack([[1, 2], [row]], ("a", "1"))
    assert pack(part, ("a", "1")) == [[1, 2], [row]]
    assert {kind for _, kind in part.told()} <= {LWW, MV}


@pytest.mark.parametrize("row", BAD, ids=str)
def test_a_row_that_no_node_writes_is_refused(row: Any) -> None:
    with pytest.raises(DamagedMessage, match="expected a part of the directory"):
        unpack([[1, 2], [row]], ("a", "1"))


@pytest.mark.parametrize(
    "data", [5, [], [[1, 2]], [[2, 1], []], [[1], []], ["ab", []], [[1, 2], 5], [5, []], {}]
)
def test_what_is_no_part_at_all_is_refused(data: Any) -> None:
    with pytest.raises(DamagedMessage):
        unpack(data, ("a", "1"))
