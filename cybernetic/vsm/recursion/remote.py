"""Levels that lie elsewhere: a unit whose inside is a viable system of another process or organisation."""

from collections.abc import Mapping, Sequence
from typing import Any

from cybernetic.core import number
from cybernetic.supervision import Child, Supervisor, child
from cybernetic.vsm.bargain.vector import NOTHING, Vector
from cybernetic.vsm.channels.channel import Channel, Role
from cybernetic.vsm.channels.ear import address, level_of, line_name
from cybernetic.vsm.cleared import cleared, named
from cybernetic.vsm.inspection.custodian import Custodian
from cybernetic.vsm.ladder.clocks import Clocks
from cybernetic.vsm.operations.envoy import Envoy
from cybernetic.vsm.recursion.charter import Charter, clocks_above
from cybernetic.vsm.recursion.handing import hand
from cybernetic.vsm.recursion.junction import Junction
from cybernetic.vsm.recursion.voices import (
    EnvironmentVoice,
    EvidenceVoice,
    LineVoice,
    NodeVoice,
    PartVoice,
    PolicyVoice,
    Voice,
    WatchfulVoice,
)
from cybernetic.vsm.recursion.ways import ways_of


def junction_of(path: str) -> str:
    """The name of the agent at either end to which the outlet gives what has come over."""
    return f"{path}:junction"


class RemoteUnit(Supervisor):
    """The end in the level above: it stands where the unit would stand.

    Args:
        path: of the unit.
        outlet: name of the agent that carries values to the other end; see `Junction`.
        ways: others by channel, for what goes a way of its own.
    """

    max_restarts = 10
    max_seconds = 10.0

    def __init__(self, path: str, outlet: str, ways: Mapping[Channel, str]) -> None:
        self._path, self._outlet, self._ways = path, outlet, dict(ways)

    def children(self) -> list[Child[Any]]:
        """The junction, and those who bear the names of the level that is not here; where those of one that was killed
        still end, after that.
        """
        path, level = self._path, level_of(self._path)
        mine = [line_name(level, channel) for channel in Channel]
        mine += [address(role, level) for role in (Role.ALGEDONODE, Role.ENVIRONMENT)]
        voices = [
            (PartVoice, address(Role.MANAGEMENT, path)),
            (EvidenceVoice, address(Role.PORTER, path)),
            (NodeVoice, address(Role.ALGEDONODE, path)),
            (PolicyVoice, address(Role.POLICY, path)),
        ]
        members = _ends(path, self._outlet, self._ways, mine, path, voices)
        return [*cleared(self.system, named(members)), *members]


class Abroad(Supervisor):
    """A viable system whose level above lies elsewhere. It is one child of your supervisor.

        child(Abroad, Catalogue, "shop/catalogue", "to shop", per=3600, floor=Cost(usd=10))

    Args:
        cls: the viable system.
        path: where it stands in the system above, as declared there (`remote("catalogue")` in `Shop`).
        outlet: name of the agent that carries values to that system; see `Junction`. What comes from there is to be
            given to the agent named `junction_of(path)`.
        per: seconds of the budget's epoch up there; None: nothing is counted.
        floor: what it may spend in an epoch while it is cut off, as agreed.
        pain: another outlet for the algedonic channel; None: the same.
        args: of the class.
        audit: another one for audits from up there; None: the same.
        coordination: another one for system 2; None: the same.
        paced: of the ports that the level above paces, by name, what this one may use by itself while it is cut off,
            units a second, as agreed there. The class declares such a port as well.
        above: the clocks of the levels above, the next one's first; the last of them stands for those further up. None:
            they have this level's. A level that is far away is asked for longer than the way there and back takes.
    """

    max_restarts = 10
    max_seconds = 10.0

    def __init__(
        self,
        cls: Any,
        path: str,
        outlet: str,
        per: float | None = None,
        floor: Vector = NOTHING,
        pain: str | None = None,
        args: tuple[Any, ...] = (),
        audit: str | None = None,
        coordination: str | None = None,
        paced: Mapping[str, float] | None = None,
        above: Sequence[Clocks] = (),
    ) -> None:
        self._cls, self._path, self._outlet = cls, path, outlet
        self._ways = ways_of(pain, audit, coordination)
        self._per, self._floor, self._args = per, floor, args
        self._above = clocks_above(path, above)
        self._paced = {
            port: number(f"paced[{port!r}]", share, above=0) for port, share in (paced or {}).items()
        }

    def children(self) -> list[Child[Any]]:
        """The junction and the voices of the level above, then the level, and the envoy that stands for it there.
        Where those of one that was killed still end, after that.
        """
        path, level = self._path, level_of(self._path)
        charter = Charter.abroad(path, self._cls, self._per, self._floor, self._paced, self._above)
        hand(self.system, charter)
        spoken_to = (Role.MANAGEMENT, Role.PORTER, Role.ALGEDONODE, Role.POLICY)
        mine = [address(role, path) for role in spoken_to]
        voices: list[tuple[type[Voice], str]] = [
            *((LineVoice, line_name(level, one)) for one in Channel if one is not Channel.ALGEDONIC),
            (NodeVoice, address(Role.ALGEDONODE, level)),
            (EnvironmentVoice, address(Role.ENVIRONMENT, level)),
        ]
        pain, look = line_name(level, Channel.ALGEDONIC), charter.clocks[0].look
        members = [
            *_ends(path, self._outlet, self._ways, mine, None, voices),
            child(WatchfulVoice, pain, junction_of(path), path, look, name=pain),
            child(self._cls, *self._args, name=path, id="level"),
            child(Envoy, path, self._paced, name=address(Role.MANAGEMENT, path)),
            child(Custodian, path, name=address(Role.PORTER, path)),
        ]
        return [*cleared(self.system, named(members)), *members]


def _ends(
    path: str,
    outlet: str,
    ways: Mapping[Channel, str],
    mine: list[str],
    speaks: str | None,
    voices: Sequence[tuple[type[Voice], str]],
) -> list[Child[Any]]:
    junction = junction_of(path)
    return [
        child(Junction, path, outlet, dict(ways), tuple(mine), speaks, name=junction),
        *(child(voice, name, junction, name=name) for voice, name in voices),
    ]
