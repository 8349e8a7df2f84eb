"""Why a gateway's agent ends."""

from dataclasses import dataclass

from cybernetic.core import Reason


@dataclass(frozen=True, slots=True)
class Disconnected(Reason):
    """There is no connection with the broker, or it was lost: `why` says how. The supervisor connects anew."""

    why: str

    def __str__(self) -> str:
        return self.why
