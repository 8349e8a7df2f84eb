"""What a supervisor decides, against the tables and rules of the specification (R, ST, RF, T-4, AS)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cybernetic.core import Cancelled, Crash, Kill, Killed, NoConnection, Normal, NotFound, Reason, Shutdown
from cybernetic.supervision.children import Children, Record
from cybernetic.supervision.plan import auto_shutdown, group, quiet, reaction, reported, restart_plan
from cybernetic.supervision.spec import RESTARTS, STRATEGIES, Child, child
from tests.supervision.pure.records import Agent, record, records


@dataclass(frozen=True, slots=True)
class Bored(Reason):
    """A reason of a user's own."""


ORDERLY: list[Reason] = [Normal(), Shutdown(), Shutdown("detail")]
ABNORMAL: list[Reason] = [Killed(), Kill(), Crash("E", "text"), Cancelled(), NoConnection(), Bored()]
REASONS = st.sampled_from(ORDERLY + ABNORMAL)
LIMITS = st.sampled_from([None, 0.0, 5.0, "brutal_kill"])

TABLE: dict[str, tuple[str, ...]] = {  # section 7: normal, shutdown, {shutdown, _}, killed, anything else
    "permanent": ("restart", "restart", "restart", "restart", "restart"),
    "transient": ("keep", "keep", "keep", "restart", "restart"),
    "temporary": ("forget", "forget", "forget", "forget", "forget"),
}


@pytest.mark.parametrize("restart", RESTARTS)
def test_r_1_the_reaction_is_that_of_the_table(restart: Any) -> None:
    columns: tuple[list[Reason], ...] = (
        [Normal()],
        [Shutdown()],
        [Shutdown("detail")],
        [Killed()],
        [Crash("E", "text"), Kill(), Bored()],
    )
    for expected, reasons in zip(TABLE[restart], columns, strict=True):
        assert {reaction(restart, reason) for reason in reasons} == {expected}


@given(st.sampled_from(RESTARTS), REASONS)
def test_r_2_permanent_ends_are_always_reported_others_only_when_abnormal(
    restart: Any, reason: Reason
) -> None:
    assert reported(restart, reason) == (restart == "permanent" or reason in ABNORMAL)


def test_r_3_a_supervisor_that_gave_up_comes_back_only_if_it_is_permanent() -> None:
    assert [reaction(restart, Shutdown()) for restart in RESTARTS] == ["restart", "keep", "forget"]  # type: ignore[arg-type]


@given(st.sampled_from(RESTARTS), REASONS)
def test_ri_5_temporary_and_orderly_transient_ends_are_no_restarts(restart: Any, reason: Reason) -> None:
    spared = restart == "temporary" or (restart == "transient" and reason in ORDERLY)
    assert (reaction(restart, reason) != "restart") == spared


@given(st.sampled_from(RESTARTS), LIMITS, REASONS)
def test_t_4_only_the_expected_final_reasons_are_silent(restart: Any, shutdown: Any, reason: Reason) -> None:
    silent: set[Reason] = {Killed()} if shutdown == "brutal_kill" else {Shutdown()}
    if restart != "permanent":
        silent |= {Shutdown(), Shutdown("detail"), Normal()}
    assert quiet(restart, shutdown, reason) == (reason in silent)


def test_t_4_a_child_killed_after_its_time_is_reported() -> None:
    assert not any(quiet(restart, 5.0, Killed()) for restart in RESTARTS)  # type: ignore[arg-type]
    assert all(quiet(restart, "brutal_kill", Killed()) for restart in RESTARTS)  # type: ignore[arg-type]


class Unread:
    """An order that must not be looked at."""

    def __iter__(self) -> NoReturn:
        raise AssertionError

    def __reversed__(self) -> NoReturn:
        raise AssertionError


def test_st_1_one_for_one_concerns_the_dead_child_alone_and_reads_no_other() -> None:
    assert group("one_for_one", Unread(), "b") == ("b",)


def test_st_2_one_for_all_concerns_all_in_start_order() -> None:
    assert group("one_for_all", ["a", "b", "c"], "b") == ("a", "b", "c")


def test_st_3_rest_for_one_concerns_the_dead_child_and_those_after_it() -> None:
    assert group("rest_for_one", ["a", "b", "c"], "a") == ("a", "b", "c")
    assert group("rest_for_one", ["a", "b", "c"], "b") == ("b", "c")
    assert group("rest_for_one", ["a", "b", "c"], "c") == ("c",)
    with pytest.raises(NotFound):
        group("rest_for_one", ["a", "b"], "c")


def test_st_3_ids_that_are_merely_equal_are_not_confused() -> None:
    order: list[object] = [1, True, 1.0]
    assert list(map(type, group("rest_for_one", order, 1))) == [int, bool, float]
    assert list(map(type, group("rest_for_one", order, 1.0))) == [float]


def test_st_3_no_earlier_child_is_read() -> None:
    class Tail(list[str]):
        def __reversed__(self) -> Iterator[str]:
            yield from ("d", "c")
            raise AssertionError

    assert group("rest_for_one", Tail("abcd"), "c") == ("c", "d")


@given(st.lists(st.integers(), min_size=1, unique=True), st.sampled_from(STRATEGIES), st.data())
def test_st_5_a_group_keeps_start_order(order: list[int], strategy: Any, data: st.DataObject) -> None:
    dead = data.draw(st.sampled_from(order))
    found = group(strategy, order, dead)
    assert dead in found
    assert list(found) == [id for id in order if id in found]
    if strategy == "rest_for_one":
        assert list(found) == order[order.index(dead) :]


def children_of(kept: list[Record]) -> Children:
    children = Children()
    for one in kept:
        children.add(one)
    return children


@given(records(), st.sampled_from(STRATEGIES), st.data())
def test_st_4_a_restart_starts_every_spec_in_scope_and_stops_only_what_runs(
    kept: list[Record], strategy: Any, data: st.DataObject
) -> None:
    children = children_of(kept)
    dead = data.draw(st.sampled_from(kept))
    assume(dead.spec.restart != "temporary")
    children.stopped(dead)
    members = group(strategy, children, dead)
    plan = restart_plan(members, dead)

    assert list(plan.stop) == [one for one in reversed(members) if one.state == "running"]
    assert dead not in plan.stop
    assert list(plan.start) == [one for one in members if one.spec.restart != "temporary"]
    assert set(plan.drop) == set(members) - set(plan.start)
    left_alone = [one for one in kept if one not in members]
    if strategy == "rest_for_one":
        assert left_alone == kept[: kept.index(dead)]
    if strategy == "one_for_one":
        assert plan == ((), (), (dead,))

    # carried out, it leaves every spec in scope running, in its old place, and no temporary one
    for one in plan.stop:
        children.stopped(one)
    for one in plan.drop:
        children.remove(one)
    assert not any(one.state == "running" for one in plan.start)
    for one in plan.start:
        children.running(one, object(), 0.0)
    assert list(children) == [one for one in kept if one not in plan.drop]
    assert all(one.state == "running" for one in plan.start)


def test_st_4_what_was_stopped_before_comes_back_to_life() -> None:
    stopped, dead, finished = (
        record("a", "stopped"),
        record("b", "running"),
        record("c", "stopped", "transient"),
    )
    assert restart_plan((stopped, dead, finished), dead).start == (stopped, dead, finished)


def test_st_7_temporary_siblings_are_stopped_and_not_started_again() -> None:
    dead, bystander, other = (
        record("a", "stopped"),
        record("b", "running", "temporary"),
        record("c", "running"),
    )
    plan = restart_plan((dead, bystander, other), dead)
    assert plan.stop == (other, bystander)
    assert plan.drop == (bystander,)
    assert plan.start == (dead, other)


def test_rf_5_when_a_sibling_fails_to_start_under_one_for_all_everyone_is_tried_again() -> None:
    first, dead = record("a", "running"), record("d", "running")
    failed, never = record("f", "restarting"), record("n", "stopped")
    plan = restart_plan(group("one_for_all", [first, dead, failed, never], failed), failed)
    assert plan.stop == (dead, first)
    assert plan.start == (first, dead, failed, never)


def test_rf_6_when_a_sibling_fails_to_start_under_rest_for_one_those_before_it_are_left_alone() -> None:
    dead, failed, never = record("d", "running"), record("f", "restarting"), record("n", "stopped")
    plan = restart_plan(group("rest_for_one", [dead, failed, never], failed), failed)
    assert plan == ((), (), (failed, never))


def test_rf_4_a_child_already_being_tried_again_is_started_with_the_group() -> None:
    trying, dead = record("t", "restarting"), record("d", "stopped")
    assert restart_plan((trying, dead), dead) == ((), (), (trying, dead))


def significant(restart: Any = "transient") -> Child[Agent]:
    return child(Agent, restart=restart, significant=True)


@given(st.sampled_from(["restart", "keep", "forget"]), st.integers(0, 3))
def test_as_1_never_means_never(reacted: Any, remaining: int) -> None:
    assert not auto_shutdown("never", significant(), reacted, remaining)


@given(st.integers(0, 3), REASONS)
def test_as_2_any_significant_child_that_ends_for_good_ends_the_supervisor(
    remaining: int, reason: Reason
) -> None:
    ended = reaction("transient", reason)
    assert auto_shutdown("any_significant", significant(), ended, remaining) == (reason in ORDERLY)
    ended = reaction("temporary", reason)
    assert auto_shutdown("any_significant", significant("temporary"), ended, remaining)


@given(st.integers(0, 3), st.sampled_from(["keep", "forget"]))
def test_as_3_all_significant_waits_for_the_last_one(remaining: int, ended: Any) -> None:
    assert auto_shutdown("all_significant", significant(), ended, remaining) == (remaining == 0)


@given(st.sampled_from(["any_significant", "all_significant"]), st.integers(0, 3))
def test_as_4_a_significant_child_that_is_restarted_ends_nothing(setting: Any, remaining: int) -> None:
    assert not auto_shutdown(setting, significant(), reaction("transient", Crash("E", "x")), remaining)


@given(st.sampled_from(["any_significant", "all_significant"]), st.sampled_from(["keep", "forget"]))
def test_as_5_a_child_that_is_not_significant_ends_nothing(setting: Any, ended: Any) -> None:
    assert not auto_shutdown(setting, child(Agent, restart="transient"), ended, 0)
