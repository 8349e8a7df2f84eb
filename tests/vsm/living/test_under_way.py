"""Who waits for whom, over all levels: as long as those who wait are refused, there is no circle."""

from graphlib import TopologicalSorter

from hypothesis import given
from hypothesis import strategies as st

from cybernetic.vsm import Task
from cybernetic.vsm.operations.underway import UnderWay, Work, under_way

UNITS = ["top/a", "top/b", "top/in/a", "top/in/b", "top/in/deep/a"]
LEVELS = ["top", "top/in", "top/in/deep"]


class System:
    """Whose levels they are."""


def hand(levels: dict[str, UnderWay], by: str, to: str, id: str) -> bool:
    """A unit hands a task on to another, through all levels to where that is; whether it may."""
    top = levels["top"]
    known, waiting = top.find(id), top.waiting(frozenset({by}))
    if known is not None:
        if top.held_by(id, waiting) is not None:
            return False
        top.join(known, None, waiting)  # type: ignore[arg-type]
        return True
    if to in waiting:
        return False
    for path, level in levels.items():
        if to.startswith(f"{path}/"):
            unit = path + "/" + to.removeprefix(f"{path}/").partition("/")[0]
            level.add(Work(Task("job", id=id), unit, by=waiting))
    return True


@given(
    st.lists(
        st.tuples(st.sampled_from(UNITS), st.sampled_from(UNITS), st.integers(0, 5), st.booleans()),
        max_size=25,
    )
)
def test_units_never_wait_in_a_circle_and_who_waits_for_nobody_is_refused_nothing(
    steps: list[tuple[str, str, int, bool]],
) -> None:
    system = System()
    levels = {path: under_way(system, path) for path in LEVELS}
    edges: dict[str, list[tuple[str, str]]] = {}
    for by, to, number, over in steps:
        id = f"task {number}"
        if over:
            for level in levels.values():
                work = level.find(id)
                if work is not None:
                    level.end(work)
            edges.pop(id, None)
            continue
        at = edges[id][0][1] if id in edges else to
        wanted = [*(edge for some in edges.values() for edge in some), (by, at)]
        assert hand(levels, by, to, id) is not _circle(wanted)
        if not _circle(wanted):
            edges.setdefault(id, []).append((by, at))


def _circle(edges: list[tuple[str, str]]) -> bool:
    graph: dict[str, set[str]] = {}
    for by, to in edges:
        graph.setdefault(by, set()).add(to)
    try:
        TopologicalSorter(graph).prepare()
    except ValueError:
        return True
    return False


def test_of_a_level_in_another_process_any_unit_may_be_the_one() -> None:
    top = under_way(System(), "top")
    top.add(Work(Task("job", id="seven"), "top/far", by=frozenset({"top/a"})))
    assert top.waiting(frozenset({"top/far/x"})) == {"top/far/x", "top/a"}
    assert top.held_by("seven", frozenset({"top/far/x"})) == "top/far"
    assert top.waiting(frozenset({"top/b"})) == {"top/b"}
    assert top.waiting(frozenset({"top/farther"})) == {"top/farther"}
