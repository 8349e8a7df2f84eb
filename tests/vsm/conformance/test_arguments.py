"""What the suite and a run are given is looked at first, and a mistake is named by its argument."""

from typing import Any

import pytest

from cybernetic.core import ArgumentsError, OptionError
from cybernetic.testing.vsm import conformance, run
from cybernetic.vsm import Task, ViableSystem
from tests.vsm.conformance.test_own_agents import Support, agents, ticket


def test_what_is_taken_out_may_be_any_iterable() -> None:
    hour = run(Support, hours=0.01, without=(name for name in ["s3"]))
    assert hour.levels["support"].silent == ("control",)


def test_what_is_asked_for_may_be_any_iterable() -> None:
    found = conformance(Support, task=ticket, before=agents, only=(name for name in ["T-ALG-once"]))
    assert [one.invariant.name for one in found.found] == ["T-ALG-once"]


def _two(one: Any, another: Any) -> None:
    """A function of too many."""


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"without": "s3"}, "without: expected a set or a list, with some of 'algedonic', .* got: 's3'"),
        ({"without": 3}, "without: expected a set or a list, .* got: 3"),
        ({"without": ["s3", 3]}, "without: expected some of 'algedonic', .* got: 3"),
        ({"work": 5}, r"work: expected a function of \(company, chance\), got: 5"),
        ({"before": "agents"}, r"before: expected a function of \(system\), got: 'agents'"),
        ({"seed": None}, "seed: expected an integer >= 0, got: None"),
    ],
)
def test_a_run_names_what_it_cannot_use(options: dict[str, Any], text: str) -> None:
    with pytest.raises(OptionError, match=text):
        run(Support, **options)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"only": "T-ALG-once"}, "only: expected a set or a list, with some of .* got: 'T-ALG-once'"),
        ({"task": Task("job")}, r"task: expected a function of \(n\), got: Task"),
        ({"before": 5}, r"before: expected a function of \(system\), got: 5"),
    ],
)
def test_the_suite_names_what_it_cannot_use(options: dict[str, Any], text: str) -> None:
    with pytest.raises(OptionError, match=text):
        conformance(Support, **options)


def test_functions_of_other_arguments_are_refused_by_name() -> None:
    with pytest.raises(ArgumentsError, match=r"^work: "):
        run(Support, work=agents)
    with pytest.raises(ArgumentsError, match=r"^before: "):
        run(Support, before=_two)
    with pytest.raises(ArgumentsError, match=r"^task: "):
        conformance(Support, task=_two)  # type: ignore[arg-type]


@pytest.mark.parametrize("ask", [run, conformance])
def test_only_a_class_of_a_viable_system_will_do(ask: Any) -> None:
    class Plain(ViableSystem):
        """Made by hand below."""

    plain = object.__new__(Plain)
    with pytest.raises(OptionError, match="cls: expected the class itself, Plain, got: "):
        ask(plain)
    with pytest.raises(OptionError, match="cls: expected a subclass of ViableSystem, got: <class 'int'>"):
        ask(int)


def test_tasks_that_are_none_are_named() -> None:
    found = conformance(Support, task=lambda n: {"n": n}, only=["T-S1-evidence"])  # type: ignore[arg-type, return-value]
    assert "task: expected a function that makes a Task, got: {'n': 0}" in found.failures[0].why


def test_what_the_work_raises_is_raised_as_it_is() -> None:
    async def work(company: Any, chance: Any) -> None:
        raise LookupError("as told")

    with pytest.raises(LookupError, match="as told"):
        run(Support, hours=0.01, work=work)
