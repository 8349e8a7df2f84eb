"""What `cybernetic.core` names, every node knows."""

import pytest

from cybernetic import core
from cybernetic.core import (
    CallTimeout,
    ChildFailed,
    Crash,
    CyberneticError,
    Down,
    Exit,
    Kill,
    NoConnection,
    Normal,
    NotFound,
    OptionError,
    Reason,
    Refused,
    Shutdown,
    StartTimeout,
    Token,
)
from cybernetic.wire import TYPES, Codec

CODEC = Codec()
CLASSES = [
    value
    for value in map(vars(core).__getitem__, core.__all__)
    if isinstance(value, type) and issubclass(value, (Reason, CyberneticError, Down, Exit, Token))
]


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_every_reason_error_and_message_of_core_may_travel(cls: type) -> None:
    assert TYPES.of(cls) is not None


@pytest.mark.parametrize(
    "reason",
    [
        Normal(),
        Kill(),
        NoConnection(),
        Shutdown(("a", [1])),
        StartTimeout(1.5),
        Shutdown(ChildFailed("db", Crash("OSError", "gone"))),
    ],
    ids=repr,
)
def test_a_reason_arrives_equal(reason: Reason) -> None:
    assert CODEC.copy(reason) == reason
    assert CODEC.copy([Exit(None, reason)]) == [Exit(None, reason)]


def test_a_crash_leaves_the_live_exception_at_home() -> None:
    try:
        raise ValueError("no")
    except ValueError as error:
        crash = Crash.of(error)
    arrived = CODEC.copy(crash)
    assert arrived == crash
    assert arrived.traceback == crash.traceback
    assert arrived.exception is None
    assert crash.exception is not None


def test_a_refused_start_carries_the_refusal() -> None:
    arrived = CODEC.copy(Refused(NotFound("db")))
    assert type(arrived.error) is NotFound
    assert (arrived.error.id, str(arrived.error)) == ("db", "there is no child 'db'")


@pytest.mark.parametrize(
    "error",
    [CallTimeout("counter", "add", 0.5, "asleep"), OptionError("limit", "a number", (1,))],
    ids=repr,
)
def test_an_error_keeps_its_text_and_attributes(error: CyberneticError) -> None:
    error.add_note("seen on worker-1")
    arrived = CODEC.copy((error,))[0]
    assert type(arrived) is type(error)
    assert str(arrived) == str(error)
    assert vars(arrived) == vars(error)
    assert arrived.__notes__ == ["seen on worker-1"]


def test_a_token_that_travelled_equals_no_other() -> None:
    token = Token("counter")
    down = CODEC.copy(Down(token, "counter", Normal()))
    assert type(down.token) is Token
    assert down.token != token
    assert repr(down.token) == repr(token)
    assert (down.ref, down.reason) == ("counter", Normal())
