"""Each type by example: what its changes do, what it shows, and what it refuses."""

from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybernetic.core import OptionError
from cybernetic.crdt import (
    LWW,
    MV,
    AWMap,
    AWSet,
    Context,
    Escrow,
    GCounter,
    Lattice,
    Leaf,
    PNCounter,
    Stamp,
    latest_stamp,
)
from cybernetic.crdt.counters import MOST
from tests.crdt.world import TYPES


def stamp(millis: int, node: str = "ann") -> Stamp:
    return Stamp(millis, 0, node)


class Colour(StrEnum):
    RED = "red"


def test_the_latest_write_shows_whatever_the_order() -> None:
    empty = LWW[str]()
    early, late = empty.set("bob", stamp(1, "bob"), "early"), empty.set("ann", stamp(2), "late")
    both = early.join(late)
    assert (both.value, both.stamp) == ("late", stamp(2))
    assert both == late.join(early)
    assert not both.set("cat", stamp(1, "cat"), "later but stamped early")
    same = empty.set("ann", stamp(5), "a").join(empty.set("bob", stamp(5, "bob"), "b"))
    assert same.value == "b"


def test_a_write_survives_a_removal_that_did_not_see_it() -> None:
    register = LWW[int]().set("ann", stamp(1), 1)
    cleared, written = register.clear("bob"), register.set("ann", stamp(2), 2)
    assert register.join(cleared).value is None
    assert register.join(cleared).join(written).value == 2
    assert not LWW[int]().clear("bob")


def test_writes_at_once_all_show_until_the_next_one_sees_them() -> None:
    empty = MV[str]()
    both = empty.set("bob", "b").join(empty.set("ann", "a"))
    assert both.values == ("a", "b")
    assert both.join(both.set("cat", "c")).values == ("c",)
    assert both.join(both.clear("cat")).values == ()


def test_an_element_added_and_removed_at_once_stays() -> None:
    tags = AWSet[str]().add("ann", "x", "y")
    removed, added = tags.remove("bob", "x"), tags.add("ann", "x")
    assert set(tags.join(removed)) == {"y"}
    assert set(tags.join(removed).join(added)) == {"x", "y"}
    assert set(tags.join(tags.clear("bob"))) == set()
    assert not tags.remove("bob", "z")


def test_keys_that_python_takes_for_equal_are_apart() -> None:
    keys: tuple[Any, ...] = (1, 1.0, True, "red", Colour.RED, b"red", None, (1,), (True,), ((1.0,),), ())
    whole = AWSet[Any]().add("ann", *keys)
    assert len(whole) == len(keys)
    assert sorted(map(repr, whole)) == sorted(map(repr, keys))
    assert all(key in whole for key in keys)
    assert -0.0 in AWSet[Any]().add("ann", 0.0)
    removed = whole.join(whole.remove("ann", 1, (True,)))
    assert (1 in removed, True in removed, (True,) in removed, (1,) in removed) == (False, True, False, True)


@pytest.mark.parametrize("key", [[], {}, {1}, float("nan"), ("x", float("nan")), ("x", [1])], ids=repr)
def test_what_cannot_be_a_key_is_refused(key: Any) -> None:
    for act in (
        lambda: AWSet[Any]().add("ann", key),
        lambda: key in AWSet[Any](),
        lambda: AWMap[Any]().at(key, MV),
        lambda: AWMap[Any]().put(key, GCounter().increment("ann")),
    ):
        with pytest.raises(OptionError, match="key: expected a"):
            act()


def test_counters_count() -> None:
    counter = PNCounter()
    for delta in (counter.increment("ann", 5), counter.decrement("bob", 2), counter.increment("cat", 0)):
        counter = counter.join(delta)
    assert counter.value == 3
    assert not counter.increment("ann", 0)
    grown = GCounter().increment("ann")
    assert grown.join(grown.increment("ann", 2)).value == 3


@pytest.mark.parametrize("by", [-1, 1.5, True, "1", MOST + 1])
def test_an_impossible_count_is_refused(by: Any) -> None:
    for count in (GCounter().increment, PNCounter().increment, PNCounter().decrement):
        with pytest.raises(OptionError, match="by: expected"):
            count("ann", by)
    full = GCounter().increment("ann", MOST)
    with pytest.raises(OptionError, match=f"by: expected at most {MOST} counted in all, got: 1"):
        full.increment("ann")
    assert full.join(full.increment("bob")).value == MOST + 1


def test_a_map_holds_values_that_converge_by_themselves() -> None:
    users = AWMap[str]()
    for replica, name in (("ann", "role"), ("bob", "role"), ("bob", "tags")):
        inner = users.at("u1", AWMap)
        delta: Lattice
        if name == "role":
            delta = inner.at(name, LWW).set(replica, stamp(1, replica), f"by {replica}")
        else:
            delta = inner.at(name, AWSet).add(replica, "x")
        users = users.join(users.put("u1", inner.put(name, delta)))
    user = users.at("u1", AWMap)
    assert user.at("role", LWW).value == "by bob"
    assert set(user.at("tags", AWSet)) == {"x"}
    assert "u1" in users
    assert "u2" not in users
    assert (len(users), list(users), len(user), sorted(user)) == (1, ["u1"], 2, ["role", "tags"])
    assert users.at("u2", AWMap).at("any", GCounter).value == 0


def test_removing_a_key_resets_what_was_seen_of_it_and_nothing_else() -> None:
    shop = AWMap[str]()
    shop = shop.join(shop.put("sold", shop.at("sold", PNCounter).increment("ann", 5)))
    shop = shop.join(shop.put("sold", shop.at("sold", PNCounter).increment("bob", 2)))
    meanwhile = shop.put("sold", shop.at("sold", PNCounter).increment("ann", 3))
    removed = shop.join(shop.remove("cat", "sold"))
    assert ("sold" in removed, removed.at("sold", PNCounter).value) == (False, 0)
    assert not removed.remove("cat", "sold")
    assert removed.join(meanwhile).at("sold", PNCounter).value == 3
    again = removed.forget(removed.context)
    assert again.store.trie.size == 0
    again = again.join(again.put("sold", again.at("sold", PNCounter).increment("ann", 1)))
    assert again.join(removed).at("sold", PNCounter).value == 1
    assert removed.join(again).at("sold", PNCounter).value == 1


def test_a_key_used_for_two_types_at_once_keeps_both() -> None:
    empty = AWMap[str]()
    both = empty.put("x", LWW[Any]().set("ann", stamp(1), 1)).join(empty.put("x", AWSet[int]().add("bob", 2)))
    assert both.at("x", LWW).value == 1
    assert set(both.at("x", AWSet)) == {2}
    assert sorted(type(value).__name__ for value in both.under("x")) == ["AWSet", "LWW"]
    neither = both.join(both.remove("cat", "x"))
    assert "x" not in neither
    assert not neither.remove("cat", "x")


def test_a_key_with_an_escrow_under_it_cannot_be_removed() -> None:
    budgets = AWMap[str]()
    budgets = budgets.join(budgets.put("llm", budgets.at("llm", Escrow).grant("ann", 10)))
    budgets = budgets.join(budgets.put("else", budgets.at("else", GCounter).increment("ann")))
    refused = "key: expected one without an Escrow under it, which cannot be removed, got: "
    with pytest.raises(OptionError, match=f"^{refused}'llm'$"):
        budgets.remove("ann", "else", "llm")
    towns = AWMap[str]()
    towns = towns.join(towns.put("rome", budgets))
    with pytest.raises(OptionError, match=f"^{refused}'rome'$"):
        towns.remove("ann", "rome")


def test_what_is_no_kind_of_value_is_refused_in_a_map() -> None:
    with pytest.raises(OptionError, match="kind: expected one of AWMap, AWSet, Escrow"):
        AWMap[str]().at("x", Lattice)


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.__name__)
def test_a_value_is_the_same_after_it_gave_others(kind: type[Any]) -> None:
    changes: dict[type[Any], Any] = {
        LWW: lambda v: v.set("ann", stamp(v.context.next("ann")), 1),
        MV: lambda v: v.set("ann", 1),
        AWSet: lambda v: v.add("ann", v.context.next("ann")),
        AWMap: lambda v: v.put("x", v.at("x", GCounter).increment("ann")),
        Escrow: lambda v: v.grant("ann", 1),
        GCounter: lambda v: v.increment("ann"),
        PNCounter: lambda v: v.increment("ann"),
    }
    versions, shown = [kind()], []
    for _ in range(100):
        shown.append(repr(versions[-1]))
        versions.append(versions[-1].join(changes[kind](versions[-1])))
    assert list(map(repr, versions))[:-1] == shown
    for name in ("anything", "context", "store"):
        with pytest.raises(AttributeError):
            setattr(versions[0], name, 1)


@pytest.mark.parametrize("replica", ["", 7, None, "x" * 201])
def test_what_is_no_name_of_a_replica_is_refused(replica: Any) -> None:
    acts: tuple[Any, ...] = (
        lambda: GCounter().increment(replica),
        lambda: LWW[Any]().set(replica, stamp(1), 1),
        lambda: AWSet[int]().add(replica, 1),
        lambda: Escrow().grant(replica, 1),
        lambda: AWMap[int]().remove(replica, 1),
    )
    for act in acts:
        with pytest.raises(OptionError, match="replica: expected text of 1 to 200 characters"):
            act()


def test_the_latest_stamp_is_found_however_deep() -> None:
    deep = AWMap[str]()
    for millis, key in ((5, "a"), (7, "b"), (6, "c")):
        inner = deep.at("x", AWMap)
        deep = deep.join(deep.put("x", inner.put(key, inner.at(key, LWW).set("ann", stamp(millis), 1))))
    deep = deep.join(deep.put("tags", AWSet[int]().add("bob", 1)))
    assert latest_stamp(deep) == stamp(7)
    assert latest_stamp(deep.at("x", AWMap).at("c", LWW)) == stamp(6)
    assert latest_stamp(deep.at("tags", AWSet)) is None
    assert latest_stamp(deep.remove("cat", "x")) is None


def test_what_is_no_stamp_is_refused() -> None:
    with pytest.raises(OptionError, match=r"stamp: expected a Stamp, got: 1\.5"):
        LWW[Any]().set("ann", 1.5, 1)  # type: ignore[arg-type]


def test_values_show_themselves_in_short() -> None:
    assert repr(AWSet[int]().add("ann", 1, 2)) == "<AWSet of 2>"
    assert repr(LWW[Any]().set("ann", stamp(1), "x")) == "<LWW 'x'>"
    assert repr(Context.of([("ann", 1), ("ann", 2)])) == "Context({'ann': (1, 3)})"


def test_writing_into_a_map_is_putting_what_its_register_sets() -> None:
    users: AWMap[Any] = AWMap()
    for n, (replica, key) in enumerate([("ann", "x"), ("bob", "x"), ("ann", ("y", 1)), ("ann", "x")], 1):
        latest, several = (stamp(n, replica), n), n
        long = users.put(key, users.at(key, LWW).set(replica, *latest))
        assert users.write(replica, key, LWW, latest) == long
        assert users.write(replica, key, MV, several) == users.put(
            key, users.at(key, MV).set(replica, several)
        )
        users = users.join(long)
    assert users.at("x", LWW).value == 4


def test_a_map_says_what_it_tells_of_and_comes_in_order_of_its_changes() -> None:
    users: AWMap[str] = AWMap()
    for n, key in enumerate("ecadb", 1):
        users = users.join(users.write("ann", key, LWW, (stamp(n), n)))
    gone = users.put("c", users.at("c", LWW).clear("ann"))
    assert [*gone] == []
    assert [*gone.told()] == [("c", LWW)]
    users = users.join(gone)
    pieces = [*users.in_order(2)]
    assert [sorted(key for key, _ in piece.told()) for piece in pieces] == [["a", "e"], ["b", "d"], ["c"], []]
    assert [bool(piece.context) for piece in pieces] == [False, False, False, True]
    whole: AWMap[str] = AWMap()
    for piece in pieces:
        whole = whole.join(piece)
    assert whole == users
    assert [*users.in_order(5)] == [users]


@given(st.lists(st.tuples(st.sampled_from(["write", "written", "remove"]), st.integers(0, 60)), max_size=120))
def test_a_map_that_was_written_is_what_joining_the_delta_makes_of_it(done: list[tuple[str, int]]) -> None:
    plan = AWMap[int]()
    for n, (what, key) in enumerate(done):
        if what == "remove":
            plan = plan.join(plan.remove("ann", key))
            continue
        after, delta = plan.written("ann", key, MV, n)
        assert delta == plan.write("ann", key, MV, n)
        assert after == plan.join(delta)
        assert len(after) == len(plan.join(delta))
        assert dict(after.store.seen) == dict(plan.join(delta).store.seen)
        plan = after


@given(
    st.lists(st.integers(0, 9), max_size=9),
    st.dictionaries(st.integers(0, 9), st.text(max_size=2), max_size=9),
    st.sampled_from([LWW, MV]),
)
def test_many_writes_at_once_are_as_one_after_another(
    before: list[int], payloads: dict[int, str], kind: Any
) -> None:
    plan = AWMap[int]()
    for n, key in enumerate(before):
        plan = plan.join(plan.write("bob" if n % 2 else "ann", key, kind, (stamp(n), n)))
    one_by_one, delta = plan, AWMap[int]()
    told = {key: (stamp(100), what) for key, what in payloads.items()}
    for key, payload in told.items():
        change = one_by_one.write("ann", key, kind, payload)
        one_by_one, delta = one_by_one.join(change), delta.join(change)
    assert plan.writes("ann", kind, told) == delta
    assert plan.join(delta) == one_by_one


def test_a_leaf_that_one_alone_has_written_is_replaced_whole_by_its_next_write_unless_that_is_known() -> None:
    old, new = Leaf((("ann", 1),), (("ann", 1, "x"),)), Leaf((("ann", 3),), (("ann", 3, "y"),))
    assert old.join(new, Context({"ann": (1, 2)}), Context({"ann": (3, 4)})) is new
    known = old.join(new, Context({"ann": (1, 4)}), Context({"ann": (3, 4)}))  # and so it is gone here
    assert known == Leaf((("ann", 3),))
    assert new.join(old, Context({"ann": (3, 4)}), Context({"ann": (1, 2)})) == new
