"""Links between two nodes that a third is in touch with: they come back, however long it takes, whoever closed."""

import asyncio

from tests.nodes.cluster.mesh import Holder, apart, inside, names, one, pairs


async def test_after_a_long_one_sided_cut_the_mesh_is_whole_again() -> None:
    async with one("b") as middle, one("a", "b") as left, one("c", "b") as right:
        await asyncio.sleep(1)
        with apart(left, right):
            await asyncio.sleep(40)
            left.spawn(Holder, True, name="chief")
            await asyncio.sleep(1)
            right.spawn(Holder, name="chief")
        await asyncio.sleep(60)
        for system in (left, middle, right):
            assert names(system) == ["a", "b", "c"]
            ref = system.whereis("chief")
            assert ref is not None
            assert ref.node == "c"


async def test_a_link_closed_for_a_fault_is_made_anew_whoever_closed_it() -> None:
    for sender, other in (("a", "c"), ("c", "a")):
        async with one("b"), one("a", "b") as left, one("c", "b") as right:
            await asyncio.sleep(1)
            system = {"a": left, "c": right}[sender]
            before = pairs("a", "c")
            inside(system).peers[other].post((0, "x"))
            await asyncio.sleep(30)
            assert pairs("a", "c") != before
            assert names(left) == names(right) == ["a", "b", "c"]
