"""How the supervisor of a unit begins: where all units of its level have begun before, it is not waited for."""

from cybernetic.supervision import Supervisor


class Beginning(Supervisor):
    """The supervisor of a unit: what dies takes those after it along.

    Args:
        again: whether it begins anew in a level whose units have all begun before. Then it is up before what is in it:
            whatever is slow there, or does not start, is its own business, and holds up no other unit.
    """

    strategy = "rest_for_one"
    max_restarts = 10
    max_seconds = 10.0

    def __init__(self, again: bool = False) -> None:
        self._again = again

    def _is_awaited(self) -> bool:
        return not self._again
