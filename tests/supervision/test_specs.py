"""Specifications and settings as a running supervisor takes them (statements CS-2, CS-7, CS-9, SF-1 to SF-3)."""

from typing import Any

import pytest

from cybernetic import (
    AlreadyPresent,
    BadChild,
    DynamicSupervisor,
    OptionError,
    SpecError,
    StartFailed,
    Supervisor,
    System,
    child,
)
from cybernetic.core import ArgumentsError, Crash, DefinitionError
from tests.supervision.agents import Family, Moody, Tidy, Worker, end, family, kin, moment


class NoAgent:
    """Not an agent."""


async def test_cs_1_a_child_given_only_a_class_gets_the_defaults() -> None:
    async with System() as system:
        top = await family(system, child(Worker), child(Family, shutdown=...))
        worker = await top.call(Supervisor.get_childspec, "Worker")
        tree = await top.call(Supervisor.get_childspec, "Family")
    assert (worker.id, worker.restart, worker.shutdown, worker.significant, worker.type) == (
        "Worker",
        "permanent",
        5.0,
        False,
        "worker",
    )
    assert (tree.shutdown, tree.type) == (None, "supervisor")


async def test_cs_2_a_child_is_linked_to_its_supervisor() -> None:
    async with System() as system:
        top = await family(system, child(Worker))
        (worker,) = (await kin(top)).values()
        info = worker.inspect().info()
        assert (info.links, info.parent) == ((top,), top)


@pytest.mark.parametrize(
    ("specs", "text"),
    [
        ((child(Worker), "no child"), "children: expected child"),
        ((child(Worker), child(Worker)), "an id of its own for every child, got: 'Worker'"),
        ((child(Worker), child(NoAgent)), "a subclass of Agent"),
        (
            (child(Worker), child(Worker, id=2, restart="temporary", significant=True)),
            'auto_shutdown is "never"',
        ),
    ],
    ids=["no child", "duplicate", "no agent", "significant"],
)
async def test_cs_7_all_children_are_checked_before_any_is_started(specs: Any, text: str) -> None:
    journal: list[Any] = []
    async with System() as system:
        with pytest.raises(StartFailed) as caught:
            await family(system, child(Worker, "first", journal, id="first"), *specs)
    assert isinstance(caught.value.reason, Crash)
    assert text in caught.value.reason.text
    assert journal == []


@pytest.mark.parametrize("supervisor", [Family, DynamicSupervisor])
@pytest.mark.parametrize(
    ("spec", "kind"),
    [
        ("no child", "invalid_child_spec"),
        (None, "invalid_child_spec"),
        (child(NoAgent), "invalid_mfa"),
        (child(Worker, id=1, restart="transient", significant=True), "bad_combination"),
    ],
    ids=["text", "none", "no agent", "significant"],
)
async def test_cs_7_a_bad_spec_for_start_child_is_refused_and_the_supervisor_lives(
    supervisor: Any, spec: Any, kind: str
) -> None:
    async with System() as system:
        top = await system.start(supervisor)
        with pytest.raises(BadChild) as caught:
            await top.call(supervisor.start_child, spec)
        assert caught.value.kind == kind
        assert isinstance(caught.value, SpecError)
        assert system.alive(top)
        assert await top.call(supervisor.which_children) == []


async def test_cs_9_every_restart_uses_the_original_arguments_and_no_state_survives() -> None:
    async with System() as system:
        top = await family(system, child(Worker, "original"))
        (worker,) = (await kin(top)).values()
        worker.cast(Worker.set_label, "changed")
        await end(worker, "boom")
        (again,) = (await kin(top)).values()
        assert again is not worker
        assert await again.call(Worker.who) == "original"


@pytest.mark.parametrize(
    ("restart", "kept"), [("temporary", ()), ("transient", ("x",)), ("permanent", ("x",))]
)
async def test_cs_9_arguments_of_temporary_children_are_not_kept(restart: Any, kept: tuple[str, ...]) -> None:
    async with System() as system:
        top = await family(system, child(Worker, "x", restart=restart))
        spec = await top.call(Supervisor.get_childspec, "Worker")
        assert spec.args == kept


async def test_sf_1_the_settings_left_out_are_those_of_the_specification() -> None:
    assert (Supervisor.strategy, Supervisor.auto_shutdown) == ("one_for_one", "never")
    assert (Supervisor.max_restarts, Supervisor.max_seconds) == (3, 5.0)


SETTINGS = [
    ("strategy", "one_for_some", "invalid_strategy"),
    ("strategy", None, "invalid_strategy"),
    ("max_restarts", -1, "invalid_intensity"),
    ("max_restarts", 1.0, "invalid_intensity"),
    ("max_restarts", True, "invalid_intensity"),
    ("max_seconds", 0, "invalid_period"),
    ("max_seconds", "5", "invalid_period"),
    ("max_seconds", float("inf"), "invalid_period"),
    ("auto_shutdown", "always", "invalid_auto_shutdown"),
]


@pytest.mark.parametrize(("name", "value", "kind"), SETTINGS)
def test_sf_2_a_wrong_setting_in_a_class_is_an_error_where_the_class_is_made(
    name: str, value: Any, kind: str
) -> None:
    with pytest.raises(SpecError, match=f"{name}: expected .*, got: ") as caught:
        type("Bad", (Supervisor,), {name: value})
    assert caught.value.kind == kind


@pytest.mark.parametrize(("name", "value", "kind"), SETTINGS)
async def test_sf_2_a_wrong_setting_made_at_run_time_fails_the_start(
    name: str, value: Any, kind: str
) -> None:
    journal: list[Any] = []
    async with System() as system:
        with pytest.raises(StartFailed) as caught:
            await family(system, child(Worker, 1, journal), **{name: value})
    reason = caught.value.reason
    assert isinstance(reason, Crash)
    assert isinstance(reason.exception, SpecError)
    assert reason.exception.kind == kind
    assert journal == []


def test_api_names_of_a_supervisor_are_final() -> None:
    for name in ("setup", "terminate", "receive", "start_child", "which_children", "trap_exit"):
        with pytest.raises(DefinitionError, match=f"{name} overrides a member"):
            type("Bad", (Supervisor,), {name: lambda self: None})


def test_bad_input_in_a_child_is_an_error_at_its_line() -> None:
    with pytest.raises(ArgumentsError, match="arguments do not bind"):
        child(Tidy, 1, [], 0.0, "too many")  # type: ignore[arg-type]
    with pytest.raises(SpecError, match="restart: expected one of"):
        child(Worker, restart="sometimes")  # type: ignore[arg-type]
    with pytest.raises(SpecError, match="shutdown: expected seconds"):
        child(Worker, shutdown=-1)
    with pytest.raises(OptionError):
        child(Moody, [], start_timeout=0)


async def test_bad_input_a_start_child_of_a_stopped_id_leaves_it_as_it_was() -> None:
    async with System() as system:
        top = await family(system, child(Worker))
        await top.call(Supervisor.terminate_child, "Worker")
        with pytest.raises(AlreadyPresent):
            await top.call(Supervisor.start_child, child(Worker))
        await moment()
        assert await kin(top) == {"Worker": None}
