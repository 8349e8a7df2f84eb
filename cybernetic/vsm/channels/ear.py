"""How a part of a viable system hears: notes are given to the method that is marked for their body."""

from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

from cybernetic.core import Refusal
from cybernetic.runtime import Agent
from cybernetic.vsm.channels.channel import Channel, Role
from cybernetic.vsm.channels.note import Note
from cybernetic.wire import travels

F = TypeVar("F", bound=Callable[..., Any])


@travels(name="vsm.NotUnderstood")
class NotUnderstood(Refusal):
    """A note came whose body its addressee has no ear for. `body` names its type."""

    def __init__(self, role: Role, body: object) -> None:
        super().__init__(f"{role.value}: expected a message it knows, got: {type(body).__name__}")
        self.role, self.body = role, type(body).__name__


def hears(body: type) -> Callable[[F], F]:
    """Mark a method of a `Member` as the one that takes notes with such a body: `method(self, body, note)`."""

    def mark(method: F) -> F:
        method.__hears__ = body  # type: ignore[attr-defined]
        return method

    return mark


def level_of(path: str) -> str:
    """The path of the level that something at `path` belongs to; empty at the top."""
    return path.rpartition("/")[0]


def address(role: Role, path: str) -> str:
    """The name under which a part of a viable system is registered: an operation under its path alone."""
    return path if role is Role.OPERATION else f"{path}:{role.value}"


def line_name(level: str, channel: Channel) -> str:
    """The name of the agent that carries a channel of a level."""
    return f"{level}:{line_role(channel)}"


def line_role(channel: Channel) -> str:
    """What the agent that carries a channel is in its level: what its beats say."""
    return f"channel.{channel.value}"


class Ear(Agent):
    """An agent that takes notes.

    Attributes:
        role: what it is to the others.
    """

    role: ClassVar[Role]
    _ears: ClassVar[dict[type, str]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        own = {method.__hears__: name for name, method in vars(cls).items() if hasattr(method, "__hears__")}
        cls._ears = {**cls._ears, **own}

    def take(self, note: Note) -> Any:
        """A note has come. Raises `NotUnderstood`."""
        name = self._ears.get(type(note.body))
        if name is None:
            raise NotUnderstood(self.role, note.body)
        return getattr(self, name)(note.body, note)

    def up(self, word: object) -> Any:
        """Override in who stands for a level in the one above: something within it is to be said up there."""
        raise NotUnderstood(self.role, word)
