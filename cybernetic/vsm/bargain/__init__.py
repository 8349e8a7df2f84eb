"""System 3: the bargain.

Resource vectors, allocation, ledgers that cannot overspend, contracts by epoch; values only.
"""

from cybernetic.vsm.bargain.allocate import Claim, allocate, divide
from cybernetic.vsm.bargain.allocator import Allocator
from cybernetic.vsm.bargain.budget import Budget, Epoch, Price, Rate, drift
from cybernetic.vsm.bargain.contract import UNHEARD, Accepted, Contract, Report, Seal
from cybernetic.vsm.bargain.ledger import Ledger, Reservation, Settlement
from cybernetic.vsm.bargain.lending import lend, moved
from cybernetic.vsm.bargain.purse import Purse
from cybernetic.vsm.bargain.refusals import (
    AnotherPeriod,
    AnotherPurse,
    BudgetExhausted,
    NoOpenBill,
    StaleContract,
)
from cybernetic.vsm.bargain.talk import Talk
from cybernetic.vsm.bargain.vector import Cost, Vector, total
from cybernetic.vsm.bargain.weights import Productivity, earned_weights, worth_publishing
from cybernetic.vsm.bargain.worth import Worth

__all__ = (
    "Accepted",
    "Allocator",
    "AnotherPeriod",
    "AnotherPurse",
    "Budget",
    "BudgetExhausted",
    "Claim",
    "Contract",
    "Cost",
    "Epoch",
    "Ledger",
    "NoOpenBill",
    "Price",
    "Productivity",
    "Purse",
    "Rate",
    "Report",
    "Reservation",
    "Seal",
    "Settlement",
    "StaleContract",
    "Talk",
    "UNHEARD",
    "Vector",
    "Worth",
    "allocate",
    "divide",
    "drift",
    "earned_weights",
    "lend",
    "moved",
    "total",
    "worth_publishing",
)
