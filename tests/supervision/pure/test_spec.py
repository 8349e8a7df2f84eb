"""Child specifications and settings: what they may say, and what is said about wrong ones (CS, SF)."""

import dataclasses
import enum
import pickle
from functools import partial
from typing import Any, ClassVar, Literal, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybernetic.core import ArgumentsError, OptionError, SpecError, identity
from cybernetic.supervision.backoff import Backoff
from cybernetic.supervision.spec import (
    RESTARTS,
    STRATEGIES,
    Child,
    check_children,
    check_settings,
    child,
)


class Counter:
    agent_type: ClassVar[Literal["worker", "supervisor"]] = "worker"

    def __init__(self, start: int = 0, *, step: int = 1) -> None:
        self.value = start * step


class Tree:
    agent_type: ClassVar[Literal["worker", "supervisor"]] = "supervisor"


class Odd:
    agent_type = "pet"


class Address:
    def cast(self) -> None: ...

    def send(self) -> None: ...


class Color(enum.StrEnum):
    PERMANENT = "permanent"


def kind_of(*args: Any, **options: Any) -> str:
    """The kind of the `SpecError` that `child` raises for these arguments."""
    with pytest.raises(SpecError) as caught:
        child(*args, **options)
    return caught.value.kind


def test_cs_1_what_is_not_said_has_its_default() -> None:
    spec = child(Counter)
    assert (spec.cls, spec.args, spec.id, spec.name) == (Counter, (), "Counter", None)
    assert (spec.restart, spec.significant, spec.shutdown, spec.type) == ("permanent", False, 5.0, "worker")
    assert (spec.start_timeout, spec.backoff, spec.node, spec.isolate) == (None, None, None, False)
    assert spec.requires == frozenset()


def test_cs_1_a_supervisor_has_no_limit_to_its_shutdown_unless_given() -> None:
    assert (child(Tree).type, child(Tree).shutdown) == ("supervisor", None)
    assert child(Tree, shutdown=3).shutdown == 3.0
    assert (child(partial(Tree)).type, child(partial(Tree)).shutdown) == ("supervisor", None)


def test_cs_1_a_class_that_does_not_say_is_a_worker() -> None:
    assert child(Address).type == "worker"


@pytest.mark.parametrize("id", ["a", "", 0, 1.5, True, ("a", 1), frozenset({1}), b"x", Counter])
def test_cs_1_an_id_is_any_hashable_value(id: Any) -> None:
    assert child(Counter, id=id).id == id


@pytest.mark.parametrize("id", [[1], {}, Address(), (1, [2])])
def test_cs_1_an_id_is_neither_unhashable_nor_an_address(id: Any) -> None:
    assert kind_of(Counter, id=id) == "invalid_id"


def test_cs_2_what_to_start_is_a_class_or_a_partial_of_one() -> None:
    spec = child(partial(partial(Counter, 3), step=2), id="c")
    assert spec.agent is Counter
    assert spec.cls(*spec.args).value == 6
    for wrong in (Counter(), lambda: None, 3, None, partial(print)):
        assert kind_of(wrong) == "invalid_mfa"
    with pytest.raises(SpecError, match="args: expected a tuple"):
        Child(Counter, [1])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("cls", "args"),
    [
        (Counter, (1, 2)),
        (Tree, (1,)),
        (partial(Counter, 1), (2,)),
        (partial(Counter, start=1), (2,)),
        (partial(cast("Any", Counter), nonsense=1), ()),
    ],
)
def test_arguments_that_do_not_fit_are_refused_where_the_child_is_described(cls: Any, args: Any) -> None:
    with pytest.raises(ArgumentsError, match=r"^(Counter|Tree): arguments do not bind: "):
        child(cls, *args)


@pytest.mark.parametrize("restart", RESTARTS)
def test_cs_3_restart_has_three_values(restart: Any) -> None:
    assert child(Counter, restart=restart).restart == restart


@pytest.mark.parametrize("restart", ["never", "", None, 1, ["permanent"], Color.PERMANENT, b"permanent"])
def test_cs_3_any_other_restart_is_refused(restart: Any) -> None:
    assert kind_of(Counter, restart=restart) == "invalid_restart_type"


@pytest.mark.parametrize(
    ("shutdown", "limit"),
    [(0, 0.0), (2, 2.0), (0.25, 0.25), (None, None), (float("inf"), None), ("brutal_kill", "brutal_kill")],
)
def test_cs_3_shutdown_is_seconds_none_or_brutal_kill(shutdown: Any, limit: Any) -> None:
    for cls in (Counter, Tree):
        got = child(cls, shutdown=shutdown).shutdown
        assert (got, type(got)) == (limit, type(limit))


@pytest.mark.parametrize("shutdown", [-1, float("nan"), True, "kill", "5", [], float("-inf")])
def test_cs_3_any_other_shutdown_is_refused(shutdown: Any) -> None:
    assert kind_of(Counter, shutdown=shutdown) == "invalid_shutdown"
    with pytest.raises(
        SpecError, match=r'^shutdown: expected seconds >= 0, None \(no limit\) or "brutal_kill"'
    ):
        child(Counter, shutdown=shutdown)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("invalid_restart_type", {"restart": "x"}),
        ("invalid_significant", {"significant": 1}),
        ("bad_combination", {"significant": True}),
        ("invalid_shutdown", {"shutdown": "x"}),
        ("invalid_name", {"name": ""}),
        ("invalid_name", {"name": 3}),
        ("invalid_start_timeout", {"start_timeout": 0}),
        ("invalid_start_timeout", {"start_timeout": "1"}),
        ("invalid_backoff", {"backoff": 1.0}),
        ("invalid_node", {"node": ["a"]}),
        ("invalid_node", {"node": ""}),
        ("invalid_requires", {"requires": "gpu"}),
        ("invalid_requires", {"requires": 3}),
        ("invalid_requires", {"requires": [""]}),
        ("invalid_requires", {"requires": {"gpu": []}}),
        ("invalid_requires", {"requires": {3: "gpu"}}),
        ("invalid_requires", {"requires": [("gpu", 1), ("gpu", 2)]}),
        ("invalid_isolate", {"isolate": None}),
    ],
)
def test_cs_4_every_mistake_has_a_kind_and_says_what_was_expected_and_what_came(
    kind: str, options: dict[str, Any]
) -> None:
    ((name, value),) = options.items()
    with pytest.raises(SpecError, match=rf"^{name}: expected .*, got: ") as caught:
        child(Counter, **options)
    assert (caught.value.kind, caught.value.name, caught.value.got) == (kind, name, value)
    assert isinstance(caught.value, OptionError)


def test_cs_4_a_class_of_no_known_type_is_refused() -> None:
    assert kind_of(Odd) == "invalid_child_type"


WRONG: dict[str, dict[str, Any]] = {  # in the order of the checks
    "invalid_id": {"id": []},
    "invalid_mfa": {"cls": print},
    "invalid_restart_type": {"restart": "x"},
    "invalid_significant": {"significant": "x"},
    "invalid_child_type": {"cls": Odd},
    "invalid_shutdown": {"shutdown": "x"},
    "invalid_name": {"name": 1},
}


@given(st.sets(st.sampled_from(list(WRONG)), min_size=1))
def test_cs_4_the_first_failing_check_wins(kinds: set[str]) -> None:
    ordered = [kind for kind in WRONG if kind in kinds]
    options: dict[str, Any] = {}
    for kind in reversed(ordered):
        options |= WRONG[kind]
    assert kind_of(options.pop("cls", Counter), **options) == ordered[0]


def test_cs_5_a_permanent_child_cannot_be_significant() -> None:
    assert kind_of(Counter, significant=True) == "bad_combination"
    assert child(Counter, significant=True, restart="transient").significant
    assert child(Counter, significant=True, restart="temporary").significant


def test_cs_5_no_child_is_significant_where_the_supervisor_never_ends_for_one() -> None:
    specs = [child(Counter), child(Counter, id=2, significant=True, restart="transient")]
    with pytest.raises(SpecError, match=r'significant: expected False for 2: .*"never"') as caught:
        check_children(specs, "never")
    assert caught.value.kind == "bad_combination"
    assert check_children(specs, "any_significant") == tuple(specs)
    assert check_children(specs, "all_significant") == tuple(specs)


def test_cs_6_an_unknown_field_is_refused() -> None:
    with pytest.raises(TypeError, match="restrat"):
        child(Counter, restrat="permanent")  # type: ignore[call-arg]


def test_cs_7_one_wrong_child_refuses_the_whole_list() -> None:
    for wrong in (Counter, None, ("id", Counter), {"id": "x"}):
        with pytest.raises(SpecError, match=r"expected child\(\.\.\.\)") as caught:
            check_children([child(Counter), wrong])
        assert (caught.value.kind, caught.value.got) == ("invalid_child_spec", wrong)


def test_cs_7_a_duplicate_id_is_noticed_while_the_list_is_read() -> None:
    twice = [child(Counter, id="a"), child(Tree, id="b"), child(Counter, id="a"), None]
    with pytest.raises(SpecError, match="got: 'a'") as caught:
        check_children(twice)
    assert caught.value.kind == "duplicate_child_name"
    with pytest.raises(SpecError) as caught:
        check_children([None, *twice])
    assert caught.value.kind == "invalid_child_spec"


@pytest.mark.parametrize("specs", [None, 3, "ab", b"ab", {"a": 1}, child(Counter), Counter])
def test_cs_8_what_is_no_list_is_refused(specs: Any) -> None:
    with pytest.raises(SpecError, match=r"^children: expected a list of child") as caught:
        check_children(specs)
    assert caught.value.kind == "badarg"


def test_cs_8_children_are_checked_without_being_started() -> None:
    specs = [child(Counter, id=id, restart="temporary", significant=True) for id in (1, 1.0, True, "1")]
    assert check_children(iter(specs)) == tuple(specs)  # no auto_shutdown: significant ones pass
    assert check_children([]) == ()
    with pytest.raises(SpecError, match="auto_shutdown: expected one of 'never'") as caught:
        check_children(specs, "always")  # type: ignore[arg-type]
    assert caught.value.kind == "invalid_auto_shutdown"


def test_cs_9_a_child_can_be_kept_without_its_arguments() -> None:
    spec = child(partial(Counter, step=2), 7, id="x", restart="temporary", name="n")
    bare = spec.without_arguments()
    assert (bare.cls, bare.args, bare.id, bare.restart, bare.name) == (Counter, (), "x", "temporary", "n")
    assert spec.args == (7,)
    assert bare.without_arguments() is bare


PLAIN_IDS = [None, False, True, 0, 1, 2, 0.0, 1.0, 2.0, "0", "1", b"1", Color.PERMANENT, "permanent"]
IDS = st.recursive(
    st.sampled_from(PLAIN_IDS), lambda inner: st.tuples(inner) | st.tuples(inner, inner), max_leaves=4
)


def alike(one: object, other: object) -> bool:
    """Whether two ids are the same: of one type, and equal, as are their parts."""
    if type(one) is not type(other):
        return False
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(alike, one, other))
    return one == other


@given(IDS, IDS)
def test_reg_4_ids_are_the_same_only_if_their_types_are_too(one: object, other: object) -> None:
    assert (identity(one) == identity(other)) == alike(one, other)


def test_requirements_are_names_or_a_mapping_and_read_as_pairs() -> None:
    assert child(Counter, requires=["gpu", "gpu"]).requires == {("gpu", True)}
    spec = child(Counter, requires={"gpu": 2, "zone": "a"})
    assert dict(spec.requires) == {"gpu": 2, "zone": "a"}
    assert dataclasses.replace(spec, id="other").requires == spec.requires


def test_a_child_is_a_frozen_value() -> None:
    spec = child(Counter, 1, backoff=Backoff(1, 2), requires=["a"], start_timeout=1, node="n", isolate=True)
    assert spec == child(
        Counter, 1, backoff=Backoff(1, 2), requires=["a"], start_timeout=1.0, node="n", isolate=True
    )
    assert len({spec, dataclasses.replace(spec)}) == 1
    assert pickle.loads(pickle.dumps(spec)) == spec
    with pytest.raises(dataclasses.FrozenInstanceError):
        spec.id = "other"  # type: ignore[misc]
    with pytest.raises(SpecError, match="restart"):
        dataclasses.replace(spec, restart="never")  # type: ignore[arg-type]


SETTINGS: dict[str, Any] = {
    "strategy": "one_for_one",
    "max_restarts": 3,
    "max_seconds": 5.0,
    "auto_shutdown": "never",
}


@pytest.mark.parametrize(
    "good",
    [
        *({"strategy": strategy} for strategy in STRATEGIES),
        {"max_restarts": 0},
        {"max_seconds": 0.1},
        {"max_seconds": 1},
        {"auto_shutdown": "any_significant"},
        {"auto_shutdown": "all_significant"},
    ],
)
def test_sf_1_settings_have_their_legal_values(good: dict[str, Any]) -> None:
    check_settings(**SETTINGS | good)


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        ("invalid_strategy", {"strategy": "simple_one_for_one"}),
        ("invalid_strategy", {"strategy": None}),
        ("invalid_intensity", {"max_restarts": -1}),
        ("invalid_intensity", {"max_restarts": 1.0}),
        ("invalid_intensity", {"max_restarts": True}),
        ("invalid_intensity", {"max_restarts": float("inf")}),
        ("invalid_period", {"max_seconds": 0}),
        ("invalid_period", {"max_seconds": -1.0}),
        ("invalid_period", {"max_seconds": float("inf")}),
        ("invalid_period", {"max_seconds": float("nan")}),
        ("invalid_period", {"max_seconds": "5"}),
        ("invalid_auto_shutdown", {"auto_shutdown": True}),
        ("invalid_auto_shutdown", {"auto_shutdown": "always"}),
    ],
)
def test_sf_2_any_other_setting_is_refused(kind: str, wrong: dict[str, Any]) -> None:
    (name,) = wrong
    with pytest.raises(SpecError, match=rf"^{name}: expected ") as caught:
        check_settings(**SETTINGS | wrong)
    assert caught.value.kind == kind
