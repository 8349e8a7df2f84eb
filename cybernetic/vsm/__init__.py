"""The viable system: systems 1 to 5, their channels, and the mathematics they stand on.

What a viable system is declared with stands here. The mathematics is public as well, each part useful alone, values in
and values out: `cybernetic.vsm.cyberstride` (indices, the Harrison–Stevens filter, control charts),
`cybernetic.vsm.damping` (pacing, leases, oscillation), `cybernetic.vsm.bargain` (allocation, budgets, ledgers),
`cybernetic.vsm.audit` (sampling, assurance), `cybernetic.vsm.ladder` (pain, and how it climbs),
`cybernetic.vsm.homeostat` (the balance of systems 3 and 4), `cybernetic.vsm.variety` (entropies, filters, where
disturbances are absorbed) and `cybernetic.vsm.decisions` (policies and what they come to).
"""

from cybernetic.vsm.audit.plan import Audit
from cybernetic.vsm.bargain.budget import Budget, Rate
from cybernetic.vsm.bargain.refusals import BudgetExhausted
from cybernetic.vsm.bargain.vector import Cost
from cybernetic.vsm.cyberstride.indices import Index
from cybernetic.vsm.cyberstride.regimes import Regime
from cybernetic.vsm.damping.fence import LeaseLost
from cybernetic.vsm.decisions.policy import Policy
from cybernetic.vsm.decisions.verdicts import Allow, Deny, Escalate, Verdict
from cybernetic.vsm.ladder.clocks import Clocks
from cybernetic.vsm.ladder.signals import Severity

__all__: tuple[str, ...] = (
    "Allow",
    "Audit",
    "Budget",
    "BudgetExhausted",
    "Clocks",
    "Cost",
    "Deny",
    "Escalate",
    "Index",
    "LeaseLost",
    "Policy",
    "Rate",
    "Regime",
    "Severity",
    "Verdict",
)
