"""The collection of children: order, look-up, counts; against a plain list that counts anew each time."""

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from cybernetic.core import AlreadyPresent, AlreadyStarted, Crash, Killed, NotFound, Shutdown, identity
from cybernetic.supervision.children import HISTORY, Children, Record
from cybernetic.supervision.spec import RESTARTS, Child, child
from tests.supervision.pure.records import Agent, Tree, record
from tests.support import soak


def filled(*ids: Any) -> Children:
    children = Children()
    for id in ids:
        children.add(record(id, "running"))
    return children


def ids(children: Children) -> list[object]:
    return [one.spec.id for one in children]


def test_st_5_start_order_is_the_order_of_adding_and_a_restart_does_not_change_it() -> None:
    children = filled("a", "b", "c")
    b = children.find("b")
    children.restarting(b)
    children.running(b, object(), 1.0)
    children.stopped(b)
    children.running(b, object(), 2.0)
    assert ids(children) == ["a", "b", "c"]
    assert [one.spec.id for one in reversed(children)] == ["c", "b", "a"]


def test_st_5_a_child_deleted_and_added_again_goes_to_the_end() -> None:
    children = filled("a", "b", "c")
    a = children.find("a")
    children.remove(a)
    children.add(a)
    assert ids(children) == ["b", "c", "a"]


def test_st_3_from_a_child_onward() -> None:
    children = filled("a", "b", "c")
    assert [one.spec.id for one in children.onward("b")] == ["b", "c"]
    with pytest.raises(NotFound):
        children.onward("x")


def test_r_5_a_restarted_child_is_found_by_its_new_address_alone() -> None:
    children = filled("a")
    a, old, new = children.find("a"), children.find("a").ref, object()
    children.running(a, new, 3.0)
    assert children.by_ref(old) is None
    assert children.by_ref(new) is a
    assert (a.ref, a.state, a.since) == (new, "running", 3.0)


def test_rf_3_while_restarting_a_child_is_not_active_but_found_by_its_last_address() -> None:
    children = filled("a", "b")
    a = children.find("a")
    ref = a.ref
    children.restarting(a)
    assert children.counts() == (2, 1, 0, 2)
    assert children.by_ref(ref) is a
    with pytest.raises(AlreadyPresent):
        children.check_free("a")


def test_rf_3_a_child_that_is_given_up_has_no_address() -> None:
    children = filled("a")
    a = children.find("a")
    ref = a.ref
    children.restarting(a)
    children.stopped(a)
    assert (a.ref, a.state, children.by_ref(ref)) == (None, "stopped", None)


def test_api_1_an_id_in_use_is_refused() -> None:
    children = filled("a")
    a = children.find("a")
    with pytest.raises(AlreadyStarted) as caught:
        children.add(record("a"))
    assert caught.value.ref is a.ref
    children.stopped(a)
    with pytest.raises(AlreadyPresent):
        children.add(record("a"))
    children.check_free("b")
    assert len(children) == 1


def test_api_2_an_unknown_id_is_not_found_whatever_it_is() -> None:
    children = filled("a")
    for id in ("b", None, [1], children.find("a").ref):
        assert children.get(id) is None
        with pytest.raises(NotFound):
            children.find(id)
    with pytest.raises(NotFound):
        children.remove(record("a"))  # another record of the same id


def test_api_6_children_are_counted_by_state_and_by_type() -> None:
    children = filled(1, 2)
    children.add(record(3, "restarting", cls=Tree))
    children.add(record(4, "stopped"))
    counts = children.counts()
    assert (counts.specs, counts.active, counts.supervisors, counts.workers) == (4, 2, 1, 3)


def test_as_3_significant_children_count_while_running_or_restarting() -> None:
    children = Children()
    a = children.add(record("a", "running", "transient", significant=True))
    b = children.add(record("b", "restarting", "transient", significant=True))
    c = children.add(record("c", "stopped", "transient", significant=True))
    assert children.significant == 2
    children.stopped(a)
    assert children.significant == 1
    children.running(c, object(), 0.0)
    children.remove(b)
    assert children.significant == 1


def test_reg_4_ids_of_different_type_are_different_children() -> None:
    children = filled(1, 1.0, True, "1", (1,), (True,))
    assert len(children) == 6
    assert [children.find(id).spec.id for id in (True, 1, 1.0)] == [True, 1, 1.0]
    assert type(children.find(True).spec.id) is bool
    assert repr(children.find((True,)).spec.id) == "(True,)"


def test_ds_1_anonymous_children_are_known_by_address_and_may_share_an_id() -> None:
    children = Children(anonymous=True)
    one, two = children.add(record("same", "running")), children.add(record("same", "running"))
    assert (children.by_ref(one.ref), children.by_ref(two.ref)) == (one, two)
    assert (len(children), children.get("same")) == (2, None)


def test_ds_6_an_anonymous_child_is_gone_when_it_has_no_agent() -> None:
    children = Children(anonymous=True)
    one = children.add(record("x", "running"))
    ref = one.ref
    children.stopped(one)
    assert (len(children), children.by_ref(ref), one.state) == (0, None, "stopped")
    assert children.counts() == (0, 0, 0, 0)
    with pytest.raises(NotFound):
        children.running(one, object(), 0.0)


def test_ds_7_an_anonymous_child_is_restarting_under_its_old_address() -> None:
    children = Children(anonymous=True)
    one = children.add(record("x", "running"))
    old, new = one.ref, object()
    children.restarting(one)
    assert children.by_ref(old) is one
    assert children.counts() == (1, 0, 0, 1)
    children.running(one, new, 1.0)
    assert (children.by_ref(old), children.by_ref(new), len(children)) == (None, one, 1)


def test_a_record_that_is_no_child_any_more_changes_nothing() -> None:
    children = filled("a", "b")
    a = children.find("a")
    children.remove(a)
    before = children.counts()
    for change in (
        children.remove,
        children.stopped,
        children.restarting,
        lambda r: children.running(r, 1, 0.0),
    ):
        with pytest.raises(NotFound):
            change(a)
    assert children.counts() == before


def test_the_history_keeps_the_last_restarts_as_short_texts() -> None:
    one = record("a")
    for turn in range(HISTORY + 5):
        one.note(float(turn), Killed())
    one.note(99.0, Crash.of(ValueError("y" * 5000)))
    one.note(100.0, Shutdown(object()))
    assert one.restarts == HISTORY + 7
    assert len(one.history) == HISTORY
    assert one.history[-3] == (HISTORY + 4, "Killed")
    assert one.history[-2].why.startswith("ValueError: yyy")
    assert len(one.history[-2].why) == 200
    assert one.history[-1] == (100.0, "Shutdown")
    assert [entry.at for entry in one.history] == sorted(entry.at for entry in one.history)


IDS = st.sampled_from([0, 1, 0.0, 1.0, False, True, "0", "1", (1,), (True,), None])


@st.composite
def specs(draw: st.DrawFn) -> Child[Any]:
    restart: Any = draw(st.sampled_from(RESTARTS))
    significant = restart != "permanent" and draw(st.booleans())
    cls: type[object] = draw(st.sampled_from([Agent, Tree]))
    return child(cls, id=draw(IDS), restart=restart, significant=significant)


class Against(RuleBasedStateMachine):
    """`Children` beside a list of its records in start order."""

    def __init__(self) -> None:
        super().__init__()
        self.children, self.model = Children(), list[Record]()

    def any_of(self, data: st.DataObject) -> Record:
        return data.draw(st.sampled_from(self.model))

    @rule(spec=specs(), runs=st.booleans())
    def add(self, spec: Child[Any], runs: bool) -> None:
        new = Record(spec, object(), "running") if runs else Record(spec)
        holders = [one for one in self.model if identity(one.spec.id) == identity(spec.id)]
        if not holders:
            assert self.children.add(new) is new
            self.model.append(new)
        else:
            refusal = AlreadyStarted if holders[0].state == "running" else AlreadyPresent
            with pytest.raises(refusal):
                self.children.add(new)

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        one = self.any_of(data)
        self.children.remove(one)
        self.model.remove(one)
        assert (one.ref, one.state) == (None, "stopped")

    @precondition(lambda self: self.model)
    @rule(data=st.data(), now=st.floats(0, 9))
    def run(self, data: st.DataObject, now: float) -> None:
        one, ref = self.any_of(data), object()
        self.children.running(one, ref, now)
        assert (one.ref, one.state, one.since) == (ref, "running", now)

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def retry(self, data: st.DataObject) -> None:
        one = self.any_of(data)
        ref = one.ref
        self.children.restarting(one)
        assert (one.ref, one.state) == (ref, "restarting")

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def stop(self, data: st.DataObject) -> None:
        one = self.any_of(data)
        ref = one.ref
        self.children.stopped(one)
        assert (one.ref, one.state) == (None, "stopped")
        assert ref is None or self.children.by_ref(ref) is None

    @invariant()
    def the_order_is_the_same(self) -> None:
        assert list(self.children) == self.model
        assert list(reversed(self.children)) == self.model[::-1]
        for place, one in enumerate(self.model):
            assert list(self.children.onward(one.spec.id)) == self.model[place:]

    @invariant()
    def each_is_found(self) -> None:
        for one in self.model:
            assert self.children.get(one.spec.id) is one
            assert one.ref is None or self.children.by_ref(one.ref) is one
        assert len(self.children._by_ref) == sum(one.ref is not None for one in self.model)

    @invariant()
    def the_counts_are_the_same(self) -> None:
        supervisors = sum(one.spec.type == "supervisor" for one in self.model)
        active = sum(one.state == "running" for one in self.model)
        specs = len(self.model)
        assert self.children.counts() == (specs, active, supervisors, specs - supervisors)
        assert len(self.children) == specs
        assert self.children.significant == sum(
            one.spec.significant and one.state != "stopped" for one in self.model
        )


Against.TestCase.settings = settings(max_examples=soak(30, 500))
TestAgainstAList = Against.TestCase
