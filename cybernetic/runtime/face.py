"""What agents see of the system they run in, as a type: `self.system`."""

from collections.abc import Callable, Iterator
from typing import Any, Literal, Protocol, TypeVar, TypeVarTuple, overload

from cybernetic.core import Chance, Reason
from cybernetic.runtime.address import Address, Named
from cybernetic.runtime.cell import Ref
from cybernetic.runtime.notices import Name
from cybernetic.runtime.portal import Portal

A = TypeVar("A")
Ts = TypeVarTuple("Ts")
Type = Literal["permanent", "transient", "temporary"]


class SystemFace(Protocol):
    """The public methods of `System`, which see."""

    chance: Chance

    async def start(
        self,
        cls: Callable[[*Ts], A],
        /,
        *args: *Ts,
        name: str | Name | None = None,
        type: Type | None = None,
        start_timeout: float | None = None,
    ) -> Ref[A]:
        """Start an agent or a tree outside of this agent's own, and wait until it is up."""

    def spawn(self, cls: Callable[[*Ts], A], /, *args: *Ts, name: str | Name | None = None) -> Ref[A]:
        """Start an agent without waiting."""

    @overload
    def whereis(self, name: str) -> Ref[Any] | None: ...
    @overload
    def whereis(self, name: str, cls: type[A]) -> Ref[A] | None: ...
    def whereis(self, name: str, cls: type[Any] = ...) -> Ref[Any] | None:
        """The agent that holds a name now."""

    def named(self, name: str, cls: type[A]) -> Named[A]:
        """An address by name."""

    def alive(self, ref: Address[Any]) -> bool:
        """Whether an agent has neither ended nor begun to exit."""

    async def wait(self, ref: Address[Any]) -> Reason:
        """Wait until an agent has ended."""

    def agents(self) -> Iterator[Ref[Any]]:
        """Every living agent."""

    @property
    def names(self) -> dict[str, Ref[Any]]:
        """A copy of the table of names."""

    def statistics(self) -> dict[str, int]:
        """Counters since the start."""

    @property
    def idle(self) -> bool:
        """Whether no agent waits for its turn."""

    async def drain(self, timeout: float | None = None) -> bool:
        """Wait until nobody has anything to do."""

    async def stop(self) -> None:
        """Stop everything."""

    def portal(self) -> Portal:
        """The door for other threads."""
