"""Ports: how a viable system meets its environment, and the evidence that is left by it."""

from cybernetic.vsm.ports.passages import Ask, Passage
from cybernetic.vsm.ports.port import Port, RateLimited
from cybernetic.vsm.ports.porter import Porter
from cybernetic.vsm.ports.receipts import Came, Used

__all__: tuple[str, ...] = (
    "Ask",
    "Came",
    "Passage",
    "Port",
    "Porter",
    "RateLimited",
    "Used",
)
