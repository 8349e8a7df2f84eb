"""What travels arrives; what is damaged is refused in words; what is unknown is carried on and nothing of it lost."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cybernetic.core import CannotTravel, OptionError
from cybernetic.crdt import (
    LWW,
    MV,
    AWMap,
    AWSet,
    Context,
    Escrow,
    GCounter,
    Lattice,
    NotGuardian,
    Opaque,
    OpaqueTypes,
    PNCounter,
    RightsLacking,
    Stamp,
    digest,
)
from cybernetic.crdt.digests import Digests
from cybernetic.crdt.lattice import KINDS
from cybernetic.crdt.parts import MOST_REPLICAS
from cybernetic.crdt.travel import DEEPEST, FORMS
from cybernetic.wire import Codec, DamagedMessage, Extension, UnknownType, WireError
from tests.crdt.forging import Forged, forged, forger
from tests.crdt.newer import NewerSet, newer_version
from tests.crdt.world import TYPES, Step, World, schedules, shown
from tests.support import soak

CODEC = Codec()
TOLERANT = Codec(OpaqueTypes())
each_type = pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.__name__)
few = settings(max_examples=soak(15, 2000))


@each_type
@given(steps=schedules(soak(20, 60), forgetting=True))
@few
def test_every_state_and_delta_arrives_equal(kind: type[Any], steps: list[Step]) -> None:
    world: World[Any] = World(kind)
    for step in steps:
        step(world)
    for value in (kind(), *world.states, *world.told):
        for codec in (CODEC, TOLERANT):
            arrived = codec.copy(value)
            assert arrived == value
            assert arrived.alive == value.alive
            assert shown(arrived) == shown(value)
            assert digest(arrived) == digest(value)
    if kind is AWMap:
        assert len(CODEC.copy(world.states[0])) == len(world.states[0])


def test_one_message_names_so_many_replicas_and_no_more() -> None:
    named = [f"{n}" for n in range(MOST_REPLICAS)]
    assert not CODEC.decode(forged("state.AWSet", 1, named, [], []))
    for name, rest in (("state.AWSet", ([], [])), ("state.Context", ([],))):
        with pytest.raises(DamagedMessage, match="replicas: expected at most 65536 names"):
            CODEC.decode(forged(name, 1, [*named, "one more"], *rest))


def test_every_kind_has_a_form() -> None:
    assert FORMS.keys() == KINDS.keys()


def test_one_change_is_as_large_in_a_large_map_as_in_a_small_one() -> None:
    stamp = Stamp(1_700_000_000_000, 0, "replica-0000001a")
    small, large = AWMap[str](), AWMap[str]()
    for n in range(soak(2000, 100_000)):
        key = f"key-{n}"
        large = large.join(large.put(key, large.at(key, LWW).set("r", stamp, n)))
    sizes = [
        len(CODEC.encode(whole.put("key-7", whole.at("key-7", LWW).set(stamp.node, stamp, 1))))
        for whole in (small, large)
    ]
    assert sizes[1] <= sizes[0] + 20  # the replica it was written by before
    assert sizes[1] < 100


def test_refusals_travel_as_what_they_are() -> None:
    for error in (RightsLacking("ann", 3, 2), NotGuardian("ann", "", "bob")):
        arrived = CODEC.copy(error)
        assert (type(arrived), str(arrived), arrived.replica) == (type(error), str(error), "ann")


# damage

BAD_BODIES: list[tuple[str, Any]] = [
    ("LWW", [0, 1, 5]),
    ("LWW", [0, 1, 5, 0, 0]),
    ("LWW", [0, 1, -5, 0, 0, "x"]),
    ("LWW", [0, 1, 5, 0, 9, "x"]),
    ("LWW", [0, 0, 5, 0, 0, "x"]),
    ("LWW", [0, 1.0, 5, 0, 0, "x"]),
    ("LWW", [9, 1, 5, 0, 0, "x"]),
    ("LWW", "text"),
    ("LWW", [[0, 1], [[0, 2, 5, 0, 0, "x"]]]),
    ("MV", [0, 1, "x", "y"]),
    ("MV", [0]),
    ("MV", [[], []]),
    ("MV", [[0, 1, 0, 2], []]),
    ("MV", [[0, 1, 0], []]),
    ("MV", [[0, 2], [[0, 1, "x"], [0, 1, "y"]]]),
    ("MV", [[0, 2], [[0, 1]]]),
    ("MV", [[0, 2], [7]]),
    ("MV", [[0, 2], 7]),
    ("AWSet", ["x"]),
    ("AWSet", ["x", []]),
    ("AWSet", ["x", [0, 1, False]]),
    ("AWSet", ["x", [0, 1, True], "x", [0, 1, True]]),
    ("AWSet", [["list"], [0, 1, True]]),
    ("AWSet", [float("nan"), [0, 1, True]]),
    ("AWSet", {}),
    ("GCounter", [0, [1, 5, 1, 0, 0, 0, 1]]),
    ("GCounter", [0, [1, 5, 0, 6, 0, 0, 1]]),
    ("GCounter", [0, [1, -5, 0, 0, 0, 0, 1]]),
    ("GCounter", [0, [1, 2**63, 0, 0, 0, 0, 1]]),
    ("GCounter", [0, [1, 5, 0, 0, 0]]),
    ("GCounter", [0, [1, 5, 0, 0, 0, 0]]),
    ("GCounter", [0, [1, 5, 0, 0, 0, 0, 1], 0, [1, 5, 0, 0, 0, 0, 1]]),
    ("PNCounter", [7, [1, 5, 1, 0, 0, 0, 1]]),
    ("PNCounter", [0, [1, True, 1, 0, 0, 0, 1]]),
    ("Escrow", [0, [1, 5, 0, [], None, 0, [], []]]),
    ("Escrow", [0, [1, 5, 0, [], None, 0, [], [], [], [0]]]),
    ("Escrow", [0, [1, 5, 0, [], None, 0, [], [], [], 7]]),
    ("Escrow", [0, [1, 5, 0, [], None, 0, [], [], [], [], []]]),
    ("Escrow", [0, [1, 5, -1, [], None, 0, [], [], []]]),
    ("Escrow", [0, [1, 5, 0, [0], None, 0, [], [], []]]),
    ("Escrow", [0, [1, 5, 0, [0, 1, 0, 1], None, 0, [], [], []]]),
    ("Escrow", [0, [1, 5, 0, [], 9, 0, [], [], []]]),
    ("Escrow", [0, [1, 5, 0, [], None, 0, [0, 1, 5], [], []]]),
    ("Escrow", [0, [1, 5, 0, [], None, 0, [0, 1, 5, float("inf")], [], []]]),
    ("AWMap", ["x", "mv"]),
    ("AWMap", ["x", "mv", []]),
    ("AWMap", ["x", "", [0, 1, 2]]),
    ("AWMap", ["x", 7, [0, 1, 2]]),
    ("AWMap", ["x", "k" * 41, [0, 1, 2]]),
    ("AWMap", ["x", "awset", [["list"], [0, 1, True]]]),
]


@pytest.mark.parametrize(("kind", "body"), BAD_BODIES, ids=repr)
def test_a_damaged_value_is_refused_in_words(kind: str, body: Any) -> None:
    with pytest.raises(
        DamagedMessage, match=rf"expected parts that build a state\.{kind}, got: OptionError: "
    ):
        CODEC.decode(forged(f"state.{kind}", 1, ["ann"], [], body))


@each_type
def test_another_version_of_the_form_is_refused(kind: type[Any]) -> None:
    with pytest.raises(DamagedMessage, match="version: expected 1, got: 2"):
        CODEC.decode(forged(f"state.{kind.__name__}", 2, [], [], []))


ANY_PARTS = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 9) | st.text(max_size=2) | st.sampled_from(sorted(KINDS)),
    lambda inner: st.lists(inner, max_size=7),
    max_leaves=20,
)


@each_type
@given(body=ANY_PARTS, context=ANY_PARTS)
@few
def test_whatever_the_parts_are_a_sound_value_comes_out_or_a_wire_error(
    kind: type[Any], body: Any, context: Any
) -> None:
    for runs in ([[0, 1, 5]], context):
        try:
            value = CODEC.decode(forged(f"state.{kind.__name__}", 1, ["ann", "bob"], runs, body))
        except WireError:
            continue
        assert CODEC.copy(value) == value
        assert value.join(value) == value
        assert kind().join(value).since(Context()).join(value) is not None


@each_type
@given(steps=schedules(12), data=st.data())
@few
def test_flipped_and_missing_bytes_harm_nobody(
    kind: type[Any], steps: list[Step], data: st.DataObject
) -> None:
    world: World[Any] = World(kind)
    for step in steps:
        step(world)
    message = bytearray(CODEC.encode(world.states[0]))
    at = data.draw(st.integers(0, len(message) - 1))
    message[at] ^= data.draw(st.integers(1, 255))
    for damaged in (message, message[:at]):
        for codec in (CODEC, TOLERANT):
            try:
                value = codec.decode(damaged)
            except WireError:
                continue
            if isinstance(value, Lattice):
                assert type(value)().join(value) is not None


def test_maps_may_not_be_too_deep_inside_each_other() -> None:
    deep: Any = MV[int]().set("ann", 1)
    for _ in range(DEEPEST + 1):
        deep = AWMap[str]().put("x", deep)
    assert CODEC.copy(deep) == deep
    with pytest.raises(CannotTravel, match=f"at most {DEEPEST} inside each other"):
        CODEC.encode(AWMap[str]().put("x", deep))
    body: Any = [0, 1, 2]
    for kind in ("mv", *["awmap"] * (DEEPEST + 1)):
        body = ["x", kind, body]
    with pytest.raises(DamagedMessage, match=f"at most {DEEPEST} inside each other"):
        CODEC.decode(forged("state.AWMap", 1, ["ann"], [], body))


# the unknown


def _newer() -> tuple[Codec, bytes]:
    """A codec that knows one more type, and a map with values of it, as key, value and element."""
    days = Extension("newer.Day", Forged, lambda day: day.parts, Forged)
    codec = Codec(extensions=[days])
    when = Forged("a day", 7)
    plan = AWMap[Any]()
    plan = plan.join(plan.put("today", plan.at("today", MV).set("ann", {"on": when})))
    plan = plan.join(plan.put(when, plan.at(when, AWSet).add("ann", when)))
    return codec, codec.encode(plan)


def test_values_of_unknown_types_are_refused_by_a_plain_codec_and_carried_by_a_tolerant_one() -> None:
    newer, message = _newer()
    with pytest.raises(UnknownType, match=r"newer\.Day"):
        CODEC.decode(message)
    older = TOLERANT.decode(message)
    (value,) = older.at("today", MV).values
    assert isinstance(value["on"], Opaque)
    assert (value["on"].name, value["on"].parts) == ("newer.Day", ("a day", 7))
    assert repr(value["on"]) == "<Opaque newer.Day>"
    assert value["on"] in older
    assert value["on"] in older.at(value["on"], AWSet)

    older = older.join(older.put("x", older.at("x", MV).set("bob", 1)))
    assert digest(older) == digest(older.join(TOLERANT.decode(message)))
    back = newer.decode(TOLERANT.encode(older))
    days = [key for key in back if isinstance(key, Forged)]
    assert [day.parts for day in days] == [("a day", 7)]
    assert [day.parts for key in days for day in back.at(key, AWSet)] == [("a day", 7)]
    assert back.at("today", MV).values[0]["on"].parts == ("a day", 7)
    assert back.at("x", MV).values == (1,)


def test_a_name_that_no_type_can_have_is_refused_by_a_tolerant_codec_too() -> None:
    good = forger("newer.Day").encode(Forged(1))
    assert isinstance(TOLERANT.decode(good), Opaque)
    with pytest.raises(WireError):
        TOLERANT.decode(good.replace(b"newer.Day", b"newer\nDay"))
    with pytest.raises(WireError):
        TOLERANT.decode(good.replace(b"newer.Day", b"newer\xffDay"))


def test_a_table_carries_a_bounded_number_of_unknown_types() -> None:
    codec = Codec(OpaqueTypes())
    for n in range(1000):
        codec.decode(forged(f"newer.T{n}", n))
    assert codec.decode(forged("newer.T7", 7)).parts == (7,)
    with pytest.raises(UnknownType):
        codec.decode(forged("newer.T1000", 1))


def test_converging_values_of_an_unknown_type_are_kept_joined_by_union_and_sent_on() -> None:
    def message(*bodies: Any) -> bytes:
        parts: list[Any] = ["x", "mv", [0, 1, "seen"]]
        for body in bodies:
            parts += ["x", "text-v9", body]
        return forged("state.AWMap", 1, ["ann"], [[0, 1, 1]], parts)

    one, other = CODEC.decode(message(["ann", 1, "he"])), CODEC.decode(message(["ann", 2, "llo"], {"a": 1}))
    both = one.join(other)
    assert both == other.join(one) == both.join(one)
    assert (len(both), next(iter(both.under("x"))).values) == (1, ("seen",))
    sent = both.since(both.context)  # who asks may know how to join them
    assert sent
    assert one.join(sent) == both
    assert both.join(both.remove("bob", "x")).forget(both.context).since(Context()).join(one) is not None

    known = CODEC.encode(both.join(both.remove("bob", "x")))
    bodies = {kind: [] for kind in ("mv", "text-v9")}  # type: dict[str, list[Any]]
    parts = forger("state.AWMap").decode(known).parts[3]
    for at in range(0, len(parts), 3):
        bodies[parts[at + 1]].append(parts[at + 2])
    assert sorted(map(repr, bodies["text-v9"])) == sorted(
        map(repr, [["ann", 1, "he"], ["ann", 2, "llo"], {"a": 1}])
    )
    assert digest(both) == digest(CODEC.copy(both))


def test_what_is_joined_must_be_of_one_type() -> None:
    with pytest.raises(OptionError, match="other: expected a value of type GCounter, got: <PNCounter 0>"):
        GCounter().join(PNCounter())  # type: ignore[arg-type]
    with pytest.raises(OptionError):
        LWW().join(MV())  # type: ignore[arg-type]
    assert not Escrow()


@given(st.lists(st.tuples(st.booleans(), st.sampled_from("xyz")), min_size=1, max_size=8))
def test_what_an_older_version_carried_is_joined_by_who_knows_the_type(steps: list[tuple[bool, str]]) -> None:
    newer, older = AWMap(), AWMap()
    for add, element in steps:
        value = newer.at("k", NewerSet)
        delta = newer.put("k", value.add("ann", element) if add else value.remove("ann", element))
        newer = newer.join(delta)
        with newer_version():
            message = TOLERANT.encode(delta)
        older = older.join(TOLERANT.decode(message))
    carried = TOLERANT.encode(older)
    with newer_version():
        read = TOLERANT.decode(carried)
        assert set(read.at("k", NewerSet)) == set(newer.at("k", NewerSet))
        assert newer.join(read) == newer
        assert AWMap().join(read).join(newer) == newer
        assert set(TOLERANT.copy(read).at("k", NewerSet)) == set(newer.at("k", NewerSet))


def test_there_is_no_digest_of_what_is_carried_unread() -> None:
    with newer_version():
        message = TOLERANT.encode(AWMap().put("k", AWMap().at("k", NewerSet).add("ann", 1)))
    digests = Digests()
    digests.of(AWMap().put("k", MV().set("ann", 1)))
    assert not digests.carries
    digests.of(TOLERANT.decode(message))
    assert digests.carries
