"""Units that system 3 has taken out of the level: who is out cannot show that it is better, so a person has to look."""

from collections.abc import Mapping
from typing import Any

from cybernetic.vsm.algedonic.messages import Felt, Relief
from cybernetic.vsm.channels.channel import Channel, Role
from cybernetic.vsm.ladder.signals import Cause, Pain, PainKey, Severity

CAUSE = Cause.INVARIANT


class TakenOut:
    """It is felt once that a unit is taken out because of an index, with the reason and the way back, and once that it
    is no more. What a person has taken out he knows.

    Args:
        control: who feels it.
    """

    def __init__(self, control: Any) -> None:
        self._control = control
        self._felt: dict[str, str] = {}  # what hurts, by unit

    def turn(self, out: Mapping[str, str], at: float) -> None:
        """Tell what is new where these are `out` at a time, seconds, each with the reason."""
        before, self._felt = self._felt, {path: _said(why) for path, why in out.items()}
        for path, index in before.items():
            if self._felt.get(path) != index:
                self._tell(Relief(PainKey(path, index, CAUSE.value)))
        for path, index in self._felt.items():
            if before.get(path) != index:
                self._tell(Felt(Pain(path, index, CAUSE, Severity.ALERT, 1.0, at)))

    def _tell(self, felt: Felt | Relief) -> None:
        self._control.tell(Channel.ALGEDONIC, Role.ALGEDONODE, felt)


def _said(why: str) -> str:
    return f"taken out ({why}): resume lets it come back"
