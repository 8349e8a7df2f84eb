"""Which deltas a replica takes from an edit: none whose changes would be lost for want of a dot of their own."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybernetic.crdt import Branch, Context, Lattice
from cybernetic.state import LWW, MV, AWMap, AWSet, EditRefused, GCounter, PNCounter
from cybernetic.state.replica.editing import check_dots
from tests.state.replica.fleet import add, fleet


def put(value: Any, by: Any, key: str, n: int) -> Any:
    return value.put(key, value.at(key, LWW).set(by.replica, by.stamp(), n))


def put_fresh(value: Any, by: Any, key: str, n: int) -> Any:
    return value.put(key, LWW[int]().set(by.replica, by.stamp(), n))


def put_in_two_places(value: Any, by: Any) -> Any:
    one, two = put(value, by, "m", 1), put(value, by, "n", 2)
    places = dict([*one.store.trie.items(), *two.store.trie.items()])
    return AWMap.from_store(Branch.of(places), one.context)


def put_one_after_another(value: Any, by: Any) -> Any:
    first = put(value, by, "m", 1)
    return first.join(put(value.join(first), by, "n", 2))


async def test_a_write_made_of_a_fresh_value_is_refused_where_it_would_be_lost() -> None:
    async with fleet(AWMap, "a") as f:
        await f.change("a", put_fresh, "x", 1)  # the first change there is: as if made of the value
        with pytest.raises(EditRefused, match=r"the changes 1 of .*, whose next is 2: a delta is made by"):
            await f.change("a", put_fresh, "y", 2)
        await f.change("a", put, "y", 3)
        value = await f.value("a")
        assert [value.at(key, LWW).value for key in "xy"] == [1, 3]


async def test_one_dot_at_two_places_is_refused_and_changes_made_one_after_another_are_taken() -> None:
    async with fleet(AWMap, "a") as f:
        with pytest.raises(EditRefused, match=r"whose change 1 of .* stands at two places"):
            await f.change("a", put_in_two_places)
        await f.change("a", put_one_after_another)
        value = await f.value("a")
        assert [value.at(key, LWW).value for key in "mn"] == [1, 2]


@pytest.mark.parametrize(
    "edit",
    [
        lambda value, by: AWSet[str]().add(by.replica, "new"),
        lambda value, by: AWSet[str]().add(by.replica, "new", "newer", "newest"),
        lambda value, by: value.join(value.add(by.replica, "lost")).add(by.replica, "new"),
        lambda value, by: value.add("me", "new"),
        lambda value, by: value.add(by.replica, "new").join(value.add("me", "newer")),
        lambda value, by: value.from_store(value.add(by.replica, "new").store, Context()),
        lambda value, by: value.from_store(
            value.add(by.replica, "new", "newer").store, value.add(by.replica, "new").context
        ),
        lambda value, by: value,
    ],
)
async def test_a_delta_whose_dots_are_not_the_next_is_refused_and_changes_nothing(edit: Any) -> None:
    async with fleet(AWSet, "ab") as f:
        await f.change("a", add, "old")
        before = await f.value("a")
        with pytest.raises(EditRefused):
            await f.change("a", edit)
        assert await f.value("a") == before
        await f.change("a", add, "next")
        assert set(await f.value("a")) == {"old", "next"}


async def test_who_edits_in_the_name_of_another_learns_what_name_to_use() -> None:
    async with fleet(AWSet, "a") as f:
        await f.change("a", add, "old")
        with pytest.raises(
            EditRefused, match="one in the name of 'me', whose change 1 is not known: use `by"
        ):
            await f.change("a", lambda value, by: value.add("me", "new"))


async def test_an_edit_that_would_have_to_be_waited_for_is_refused_and_not_left_unawaited() -> None:
    async def later(value: Any, by: Any) -> Any:
        return add(value, by, "new")

    async with fleet(AWSet, "a") as f:
        with pytest.raises(EditRefused, match="got: a coroutine: an edit is a plain function"):
            await f.change("a", later)


def twice(value: Any, by: Any) -> Any:
    return value.increment(by.replica).join(value.increment(by.replica, 2))


def in_turn(value: Any, by: Any) -> Any:
    delta = value.increment(by.replica)
    return delta.join(value.join(delta).increment(by.replica, 2))


async def test_two_changes_of_the_same_value_are_refused_as_one_would_be_lost() -> None:
    async with fleet(PNCounter, "a") as f:
        with pytest.raises(EditRefused, match="2 changes of the same value"):
            await f.change("a", twice)
        assert (await f.value("a")).value == 0
        await f.change("a", in_turn)
        assert (await f.value("a")).value == 3


@pytest.mark.parametrize(
    "nothing",
    [
        lambda value: value.remove("me", "x"),
        lambda value: value.put("x", value.at("x", PNCounter).increment("me", 0)),
        lambda value: value.put("x", value.at("x", AWSet).add("me")),
        lambda value: value.put("x", value.at("x", MV).clear("me")),
    ],
)
async def test_what_changes_nothing_is_no_change_of_the_value(nothing: Any) -> None:
    async with fleet(AWMap, "a") as f:
        made = await f.change(
            "a", lambda value, by: nothing(value).join(value.put("y", value.at("y", MV).set(by.replica, 1)))
        )
        assert made
        assert (await f.value("a")).at("y", MV).values == (1,)


CHANGES: list[Any] = [
    lambda value, key: value.put(key, value.at(key, PNCounter).increment("me", 2)),
    lambda value, key: value.put(key, value.at(key, GCounter).increment("me")),
    lambda value, key: value.put(key, value.at(key, AWSet).add("me", 1, 2)),
    lambda value, key: value.put(key, value.at(key, AWSet).clear("me")),
    lambda value, key: value.put(
        key, value.at(key, AWMap).put("in", value.at(key, AWMap).at("in", AWSet).add("me", 3))
    ),
    lambda value, key: value.remove("me", key),
    lambda value, key: value.remove("me", "x", "y", "z"),
]


@given(
    st.lists(st.lists(st.tuples(st.sampled_from(CHANGES), st.sampled_from("xyz"), st.booleans()), max_size=4))
)
def test_every_delta_made_by_the_methods_of_the_value_is_taken(edits: list[Any]) -> None:
    value: Lattice = AWMap[str]()
    for edit in edits:
        seen, delta = value, AWMap[str]()
        for change, key, other in edit:
            if other:  # one who is heard of before the edit begins
                heard = value.put(key, value.at(key, AWSet).add("other", 1, 9))  # type: ignore[attr-defined]
                if seen is value:
                    seen = value = value.join(heard)
            made = change(seen, key)
            seen, delta = seen.join(made), delta.join(made)
        check_dots(delta, value.context, "me")
        value = value.join(delta)
        assert value == seen
