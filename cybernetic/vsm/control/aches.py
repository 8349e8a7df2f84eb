"""What may hurt in each of the units of a level: it is felt once while it does, and said once to be over."""

from typing import Any

from cybernetic.vsm.algedonic.messages import Felt, Relief
from cybernetic.vsm.channels.channel import Channel, Role
from cybernetic.vsm.ladder.signals import Cause, Pain, PainKey, Severity


class Aches:
    """One thing that may hurt, as an alert. Also of a unit in which nothing was felt it is said once that all is well:
    what a predecessor felt would hurt for ever.

    Args:
        control: who feels it.
        index: what it is called.
        cause: of its kind.
    """

    def __init__(self, control: Any, index: str, cause: Cause = Cause.INVARIANT) -> None:
        self._control, self._index, self._cause = control, index, cause
        self._hurts: dict[str, bool] = {}  # by unit, as was said; of others nothing was

    def felt(self, path: str, at: float) -> bool:
        """It hurts in a unit `at` a time, seconds; whether that is news."""
        if self._hurts.get(path):
            return False
        self._hurts[path] = True
        pain = Pain(path, self._index, self._cause, Severity.ALERT, 1.0, at)
        self._control.tell(Channel.ALGEDONIC, Role.ALGEDONODE, Felt(pain))
        return True

    def over(self, path: str) -> None:
        """It does not, or does no more."""
        if self._hurts.get(path, True):
            self._hurts[path] = False
            key = PainKey(path, self._index, self._cause.value)
            self._control.tell(Channel.ALGEDONIC, Role.ALGEDONODE, Relief(key))
