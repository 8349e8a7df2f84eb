"""Settings of a class and what newcomers get wrong: an error at the line, naming what was expected and what came."""

import inspect
from typing import Any

import pytest

from cybernetic import Agent, CallFailed, NotRunning, OptionError, System


class Plain(Agent):
    """Nothing special."""

    def set_idle(self, value: Any) -> None:
        self.idle_timeout = value

    def ok(self) -> bool:
        return True

    def defer_badly(self) -> Any:
        deferred = self.defer()
        deferred.fail("text")
        return deferred


class Patient(Plain):
    """Has an idle timeout."""

    idle_timeout = 5.0


@pytest.mark.parametrize(
    ("setting", "value", "expected"),
    [
        ("trap_exit", "no", "expected True or False, got: 'no'"),
        ("idle_timeout", "3", "expected a finite number >= 0, got: '3'"),
        ("idle_timeout", -3, "expected a finite number >= 0, got: -3"),
        ("mailbox_limit", 0, "expected an integer >= 1, got: 0"),
        ("overflow", "drop", "expected one of 'reject', 'drop_oldest', 'drop_newest', got: 'drop'"),
    ],
)
def test_a_wrong_setting_is_refused_when_the_class_is_made(setting: str, value: Any, expected: str) -> None:
    with pytest.raises(OptionError, match=f"Wrong.{setting}: {expected}"):
        type("Wrong", (Agent,), {setting: value})


@pytest.mark.parametrize("value", ["soon", -1, float("nan")])
async def test_a_handler_that_sets_a_wrong_idle_timeout_crashes_its_agent_and_nobody_else(
    value: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async with System() as system:
        wrong, other = await system.start(Patient), await system.start(Plain)
        wrong.cast(Plain.set_idle, value)
        assert await other.call(Plain.ok)
        assert not system.alive(wrong)
        assert "idle_timeout: expected a finite number >= 0" in caplog.text


async def test_a_name_nobody_holds_is_said_to_be_that() -> None:
    async with System() as system:
        with pytest.raises(CallFailed, match=r"there is no <Plain named 'zz'> to answer Plain.ok"):
            await system.named("zz", Plain).call(Plain.ok)


async def test_a_system_that_was_not_entered_says_how_to() -> None:
    with pytest.raises(NotRunning, match="async with System"):
        System().spawn(Plain)


@pytest.mark.parametrize("method", ["alive", "wait"])
async def test_what_is_no_address_is_refused(method: str) -> None:
    async with System() as system:
        with pytest.raises(OptionError, match=r"ref: expected an address \(Ref or Named\), got: 'plain'"):
            await _called(getattr(system, method))


async def _called(method: Any) -> None:
    answer = method("plain")
    if inspect.isawaitable(answer):
        await answer


async def test_a_name_that_is_no_string_is_refused() -> None:
    async with System() as system:
        with pytest.raises(OptionError, match="name: expected a string that is not empty, got: 3"):
            system.whereis(3)  # type: ignore[call-overload]


async def test_links_and_exits_take_names_as_well() -> None:
    class Friend(Plain):
        def befriend(self, name: str) -> None:
            self.link(self.system.named(name, Plain))

    async with System() as system:
        one, other = await system.start(Friend), await system.start(Plain, name="other")
        await one.call(Friend.befriend, "other")
        info = one.inspect().info()
        assert info is not None
        assert info.links == (other,)


async def test_a_deferred_failure_must_be_an_exception(caplog: pytest.LogCaptureFixture) -> None:
    async with System() as system:
        plain = await system.start(Plain)
        with pytest.raises(CallFailed, match="OptionError: error: expected an exception, got: 'text'"):
            await plain.call(Plain.defer_badly)
