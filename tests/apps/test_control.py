"""What is told of a running system, and calls from outside, without the socket."""

import asyncio
from typing import Any

import pytest

from cybernetic import Agent, BadCall, CallTimeout, OptionError, Refusal, Supervisor, System, child
from cybernetic.apps.control.ask import ask
from cybernetic.apps.control.server import may_ask
from cybernetic.apps.control.survey import Survey, describe


class Counter(Agent):
    def __init__(self) -> None:
        self.count = 0

    def add(self, by: int = 1) -> int:
        self.count += by
        return self.count

    def refuse(self) -> None:
        raise Refusal("not today")

    async def slow(self) -> None:
        await asyncio.sleep(60)


class Lonely(Agent):
    def setup(self) -> None:
        self.spawn(Counter)


class Team(Supervisor):
    def children(self) -> Any:
        return [child(Counter, id="one", name="one"), child(Counter, id="two", restart="transient")]


class App(Supervisor):
    def children(self) -> Any:
        return [child(Team, id="team"), child(Lonely, id="lonely")]


def shape(record: Any) -> Any:
    return (record["id"], record["class"], [shape(inner) for inner in record["children"] or ()])


async def test_the_tree_is_what_supervisors_say() -> None:
    async with System() as system:
        await system.start(App)
        await system.drain()
        found = await Survey(system).take()
        assert [shape(one) for one in found["trees"]] == [
            (
                None,
                "App",
                [
                    ("team", "Team", [("one", "Counter", []), ("two", "Counter", [])]),
                    ("lonely", "Lonely", []),
                ],
            )
        ]
        assert [shape(one) for one in found["apart"]] == [(None, "Counter", [])]
        two = found["trees"][0]["children"][0]["children"][1]
        assert (two["restart"], two["kind"], two["node"]) == (
            "transient",
            "worker",
            found["trees"][0]["node"],
        )
        assert not found["cut"]


async def test_a_tree_too_large_is_cut() -> None:
    async with System() as system:
        await system.start(App)
        survey = Survey(system, limit=3)
        found = await survey.take()
        assert (len(survey.agents), found["cut"]) == (3, True)


async def test_a_supervisor_that_does_not_answer_is_said_so() -> None:
    async with System() as system:
        ref = await system.start(Team)
        await ref.inspect().suspend()
        (tree,) = (await Survey(system).take())["trees"]
        assert tree["children"] is None
        assert "did not answer" in tree["status"]
        await ref.inspect().resume()


async def test_a_call_names_agent_and_method() -> None:
    async with System() as system:
        ref = system.spawn(Counter, name="counter")
        request = {"name": "counter", "method": "add"}
        assert await ask(system, {**request, "args": [5]}) == 5
        assert await ask(system, {**request, "kwargs": {"by": 2}}) == 7
        number = repr(ref).split()[1]
        assert await ask(system, {**request, "name": number}) == 8


@pytest.mark.parametrize(
    ("changes", "error", "says"),
    [
        ({"name": "countre"}, OptionError, "did you mean counter"),
        ({"name": "main.99"}, OptionError, "expected the name of an agent"),
        ({"name": 5}, OptionError, "expected a text"),
        ({"method": "sub"}, BadCall, "it has add, refuse, slow"),
        ({"method": "_add"}, BadCall, "private"),
        ({"method": "stop"}, BadCall, "belongs to Agent"),
        ({"args": 5}, OptionError, "expected a list"),
        ({"kwargs": []}, OptionError, "expected an object"),
        ({"seconds": -1}, OptionError, "expected a finite number"),
        ({"method": "refuse"}, Refusal, "not today"),
        ({"method": "slow", "seconds": 0.5}, CallTimeout, "0.5"),
    ],
)
async def test_a_call_that_cannot_be_says_why(changes: Any, error: type[Exception], says: str) -> None:
    async with System() as system:
        system.spawn(Counter, name="counter")
        with pytest.raises(error, match=says):
            await ask(system, {"name": "counter", "method": "add", **changes})


async def test_a_description_says_who_it_is() -> None:
    async with System() as system:
        told = describe(system, "shop", 12.5)
        assert (told["name"], told["since"], told["nodes"]) == ("shop", 12.5, [])
        assert told["statistics"]["agents"] == 0


def test_only_the_same_user_may_ask() -> None:
    assert may_ask(1000, 1000)
    assert may_ask(None, 1000)
    assert not may_ask(0, 1000)
