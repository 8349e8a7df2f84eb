"""The agent of system 4."""

from collections import Counter
from collections.abc import Sequence

from cybernetic.vsm.channels.channel import Role
from cybernetic.vsm.channels.ear import hears
from cybernetic.vsm.channels.member import Member
from cybernetic.vsm.channels.note import Note
from cybernetic.vsm.cyberstride.gauge import Gauge
from cybernetic.vsm.cyberstride.indices import Index
from cybernetic.vsm.operations.messages import Arrived


class Intelligence(Member):
    """System 4 of a level: forecasts how much work comes to each unit.

    Args:
        path: of the level.
        units: their paths: its model of the organisation.
        tick: seconds in which arrivals are counted as one datum.
    """

    role = Role.INTELLIGENCE

    def __init__(self, path: str, units: Sequence[str], tick: float = 10.0) -> None:
        super().__init__(path)
        self.period = tick
        self._units = tuple(units)
        self._arrived: Counter[str] = Counter()
        self._gauges = {unit: Gauge(Index("arrivals", transform="anscombe")) for unit in units}

    @hears(Arrived)
    def _arrival(self, arrived: Arrived, note: Note) -> None:
        self._arrived[arrived.unit] += 1

    def cycle(self) -> None:
        """One datum for each unit."""
        for unit, gauge in self._gauges.items():
            gauge.update(float(self._arrived[unit]))
        self._arrived.clear()

    def model(self) -> tuple[str, ...]:
        """The units of the level as it knows them."""
        return self._units
