"""Where companies come from: which source brings a company, and which one its other future."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from cybernetic.apps.demo.screen.reel import Copy, Program, Source, replay, stand


class Stage(Protocol):
    """Brings companies."""

    def company(self, arm: str, without: Sequence[str] = (), *, room: bool = False) -> Source:
        """A company for the whole hour; with what its operations room shows where that is to be looked into."""

    def future(self, without: Sequence[str], at: float) -> Source:
        """The viable company of this stage without some systems, from a second of the hour on that it has come to."""


class Processes:
    """Each company in a process of its own.

    Args:
        seed: of the hour.
        folder: for sockets.
    """

    def __init__(self, seed: int, folder: Path) -> None:
        self._seed, self._folder = seed, folder

    def company(self, arm: str, without: Sequence[str] = (), *, room: bool = False) -> Source:
        """See `Stage`."""
        viable = arm == "viable"
        return Program(
            stand(self._seed, without, self._folder, room=room)
            if viable
            else replay(self._seed, arm, without)
        )

    def future(self, without: Sequence[str], at: float) -> Source:
        """See `Stage`."""
        return Copy(self._folder, without, at)
