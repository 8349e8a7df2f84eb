"""What is refused because it is the business of another level."""

from cybernetic.core import Refusal
from cybernetic.wire import travels


@travels(name="vsm.Elsewhere")
class Elsewhere(Refusal):
    """A unit is of a level (its path) that lies elsewhere: its own system is to be asked."""

    def __init__(self, unit: str, level: str) -> None:
        super().__init__(
            f"{unit}: expected a unit of this system, got: one of {level}, whose own system is to be asked"
        )
        self.unit, self.level = unit, level


@travels(name="vsm.HeldAbove")
class HeldAbove(Refusal):
    """What was to be let go is held by a level above as well. `level` is the path of the one within; `what` is held."""

    def __init__(self, level: str, what: str) -> None:
        super().__init__(
            f"{what}: expected to be held by {level} alone, got: the level above holds it, and is to be asked"
        )
        self.level, self.what = level, what


@travels(name="vsm.NobodyCalled")
class NobodyCalled(Refusal):
    """No sink of the levels above took a page."""

    def __init__(self, level: str) -> None:
        super().__init__(f"{level}: expected a sink there or above that takes the page, got: none")
        self.level = level
