"""`PartitionSupervisor` and `Partitions` (statements PS-1 to PS-6)."""

import os
import subprocess
import sys
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybernetic import (
    BadCall,
    CallFailed,
    ChildNotStarted,
    Named,
    NoProc,
    NotFound,
    Partitions,
    PartitionSupervisor,
    Ref,
    StartFailed,
    Supervisor,
    System,
    Unroutable,
    child,
)
from cybernetic.supervision import partition_of
from tests.supervision.agents import Family, Moody, Tidy, Worker, end, kin, moment

ROUTE, RESIZE = PartitionSupervisor.route, PartitionSupervisor.resize
KEYS = (
    st.integers() | st.text() | st.binary() | st.floats(allow_nan=False) | st.tuples(st.text(), st.integers())
)


async def split(system: System, template: Any = None, partitions: Any = 4, **settings: Any) -> Ref[Any]:
    """A partition supervisor named "workers", whose end does not concern the system."""
    cls = partial(PartitionSupervisor, **settings)
    return await system.start(
        cls, template or child(Worker, "x"), partitions, name="workers", type="temporary"
    )


async def test_ps_1_it_starts_so_many_children_with_ids_from_nought() -> None:
    async with System() as system:
        top = await split(system)
        assert list(await kin(top)) == [0, 1, 2, 3]
        assert tuple(await top.call(Supervisor.count_children)) == (4, 4, 0, 4)
        assert {await ref.call(Worker.who) for ref in (await kin(top)).values()} == {"x"}


async def test_ps_1_by_default_as_many_as_there_are_processors_and_one_for_one() -> None:
    async with System() as system:
        top = await split(system, partitions=None)
        before = await kin(top)
        assert len(before) == (os.cpu_count() or 1)
        for _ in range(3):
            await end((await kin(top))[0], "boom")
        assert system.alive(top)
        after = await kin(top)
        assert all(after[i] is before[i] for i in before if i)
        await end((await kin(top))[0], "boom")
        assert not system.alive(top)


async def test_ps_1_it_is_a_child_like_any_other() -> None:
    async with System() as system:
        spec = child(partial(PartitionSupervisor, child(Worker), partitions=2), name="workers")
        await system.start(Family, spec)
        assert (spec.type, spec.shutdown) == ("supervisor", None)
        assert len(Partitions(system, "workers", Worker).all()) == 2


@given(st.integers(), st.integers(1, 100))
def test_ps_2_an_integer_is_taken_modulo_without_its_sign(key: int, count: int) -> None:
    assert partition_of(key, count) == partition_of(-key, count) == abs(key) % count


@given(KEYS, st.integers(1, 100))
def test_ps_2_equal_keys_lead_to_the_same_partition(key: Any, count: int) -> None:
    assert partition_of(key, count) == partition_of(key, count) < count


def test_ps_2_other_keys_are_hashed_alike_in_every_process_and_spread() -> None:
    keys = ["a", b"a", 1.5, True, None, ("a", 1), "ключ"]
    code = (
        f"from cybernetic.supervision import partition_of\nprint([partition_of(k, 1000) for k in {keys!r}])"
    )
    env = {**os.environ, "PYTHONHASHSEED": "123"}
    found = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == str([partition_of(key, 1000) for key in keys])
    counts = [0] * 8
    for number in range(8000):
        counts[partition_of(f"user/{number}", 8)] += 1
    assert min(counts) > 800
    assert max(counts) < 1200


async def test_ps_2_a_key_that_cannot_travel_is_refused_and_the_supervisor_lives() -> None:
    async with System() as system:
        top = await split(system)
        for look in (lambda key: top.call(ROUTE, key), _looked_up(system)):
            with pytest.raises(Unroutable, match="key: expected a value that can travel"):
                await look(object())
        assert system.alive(top)


def _looked_up(system: System) -> Any:
    async def look(key: object) -> Any:
        return Partitions(system, "workers", Worker).route(key)

    return look


async def test_ps_2_both_ways_lead_to_the_same_agent() -> None:
    async with System() as system:
        top = await split(system)
        partitions = Partitions(system, "workers", Worker)
        for key in (0, -5, "a", ("b", 2)):
            address = partitions.route(key)
            assert isinstance(address, Named)
            address.cast(Worker.set_label, key)
            ref = await top.call(ROUTE, key)
            assert ref is (await kin(top))[partition_of(key, 4)]
            assert await ref.call(Worker.who) == key


async def test_ps_3_a_restarted_partition_is_found_under_its_number_by_the_same_address() -> None:
    async with System() as system:
        top = await split(system)
        address = Partitions(system, "workers", Worker).route("key")
        before = await top.call(ROUTE, "key")
        await end(before, "boom")
        after = await top.call(ROUTE, "key")
        assert after is not before
        assert system.alive(after)
        assert await address.call(Worker.who) == "x"


async def test_ps_3_the_address_survives_the_supervisor_too() -> None:
    async with System() as system:
        spec = child(partial(PartitionSupervisor, child(Worker), partitions=2), name="workers")
        await system.start(Family, spec)
        partitions = Partitions(system, "workers", Worker)
        address = partitions.route("key")
        top = system.whereis("workers")
        assert top is not None
        await top.stop()
        await moment()
        assert await address.call(Worker.who) == ""
        assert partitions.route("key") == address


async def test_ps_4_with_arguments_gives_each_partition_its_own() -> None:
    async with System() as system:
        top = await split(system, with_arguments=lambda args, number: [f"{args[0]}{number}"])
        assert [await ref.call(Worker.who) for ref in (await kin(top)).values()] == ["x0", "x1", "x2", "x3"]
        await end((await kin(top))[2], "boom")
        assert await (await kin(top))[2].call(Worker.who) == "x2"


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda args, number: "ab", "a list of arguments to be returned, got: 'ab'"),
        (lambda args, number: [1, [], 3], "arguments do not bind"),
    ],
)
async def test_ps_4_anything_but_a_list_that_fits_fails_the_start(make: Any, text: str) -> None:
    async with System() as system:
        with pytest.raises(StartFailed, match=text):
            await split(system, with_arguments=make)


async def test_ps_5_resize_stops_and_unroutes_the_surplus_and_brings_it_back() -> None:
    async with System() as system:
        top = await split(system)
        before = await kin(top)
        assert await top.call(RESIZE, 2) == 4
        assert await top.call(PartitionSupervisor.partitions) == 2
        assert tuple(await top.call(Supervisor.count_children)) == (4, 2, 0, 4)
        assert await kin(top) == {0: before[0], 1: before[1], 2: None, 3: None}
        assert [await top.call(ROUTE, key) for key in range(4)] == [before[0], before[1]] * 2
        assert len(Partitions(system, "workers", Worker).all()) == 2
        assert await top.call(RESIZE, 3) == 2
        assert await top.call(RESIZE, 4) == 3
        assert all(system.alive(ref) for ref in (await kin(top)).values())
        assert await top.call(ROUTE, 3) is (await kin(top))[3]


async def test_ps_5_keys_no_longer_lead_to_a_partition_that_is_being_stopped() -> None:
    async with System() as system:
        top = await split(system, child(Tidy, 1, [], 1.0))
        resized = top.request(RESIZE, 2)
        await moment()
        assert len(Partitions(system, "workers", Tidy).all()) == 2
        assert len(list(system.agents())) == 5
        assert await resized == 4
        assert len(list(system.agents())) == 3


async def test_ps_5_without_partitions_a_look_up_raises() -> None:
    async with System() as system:
        top = await split(system)
        assert await top.call(RESIZE, 0) == 4
        with pytest.raises(NotFound):
            await top.call(ROUTE, "key")
        with pytest.raises(NotFound):
            Partitions(system, "workers", Worker).route("key")
        assert await top.call(RESIZE, 4) == 0
        assert system.alive(await top.call(ROUTE, "key"))


@pytest.mark.parametrize("size", [5, -1, 2.0, True, "2"])
async def test_ps_5_any_other_size_is_refused_and_the_supervisor_lives(size: Any) -> None:
    async with System() as system:
        top = await split(system)
        with pytest.raises(Unroutable, match="an integer from 0 to 4"):
            await top.call(RESIZE, size)
        assert len(await kin(top)) == 4


async def test_ps_5_a_partition_that_does_not_come_back_is_not_routed_to() -> None:
    moods = ["ok", "ok", "crash"]
    async with System() as system:
        top = await split(system, child(Moody, moods), 2)
        await top.call(RESIZE, 1)
        with pytest.raises(ChildNotStarted):
            await top.call(RESIZE, 2)
        assert await top.call(PartitionSupervisor.partitions) == 1
        assert await top.call(RESIZE, 2) == 1


async def test_ps_6_partitions_only_look_up_and_an_unknown_supervisor_is_no_proc() -> None:
    async with System() as system:
        partitions = Partitions(system, "nobody", Worker)
        with pytest.raises(CallFailed) as caught:
            partitions.route(1)
        assert caught.value.reason == NoProc()
        assert not any(hasattr(partitions, name) for name in ("register", "claim", "start"))


@pytest.mark.parametrize(
    ("template", "partitions"),
    [
        (child(Worker, name="one"), 2),
        (child(Worker, restart="temporary"), 2),
        (child(Worker, restart="transient", significant=True), 2),
        ("no child", 2),
        (child(Worker), 0),
        (child(Worker), 1.5),
    ],
)
async def test_bad_input_fails_the_start(template: Any, partitions: Any) -> None:
    async with System() as system:
        with pytest.raises(StartFailed, match="expected"):
            await split(system, template, partitions)


async def test_children_of_a_partition_supervisor_are_not_managed_one_by_one() -> None:
    async with System() as system:
        top = await split(system)
        with pytest.raises(BadCall):
            await top.call(Supervisor.delete_child, 1)
