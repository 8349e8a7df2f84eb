"""Which values of a viable system cross the border of a process, and how: importing this file lets them travel.

The mathematics itself knows nothing of it. A value arrives equal to what was sent; its constructor checks it again.
What does not travel: what holds a function that no other process could find (an `Audit`, a `Party`, filters), and the
secret of a `Sampler`, which never leaves the auditor.
"""

from types import FunctionType
from typing import Any

from cybernetic.vsm.audit.assurance import RateInterval
from cybernetic.vsm.audit.canary import Canary
from cybernetic.vsm.audit.cusum import CusumDesign, DiscrepancyCusum
from cybernetic.vsm.audit.design import AuditDetection
from cybernetic.vsm.audit.findings import Account, AuditFinding
from cybernetic.vsm.audit.health import VerifierHealth
from cybernetic.vsm.audit.posiwid import PosiwidGap
from cybernetic.vsm.audit.record import AuditRecord, Standing
from cybernetic.vsm.audit.sampling import AuditLoad
from cybernetic.vsm.bargain.allocate import Claim
from cybernetic.vsm.bargain.allocator import Allocator
from cybernetic.vsm.bargain.budget import Budget, Epoch, Price, Rate
from cybernetic.vsm.bargain.contract import Accepted, Contract, Report, Seal
from cybernetic.vsm.bargain.ledger import Ledger, Reservation, Settlement
from cybernetic.vsm.bargain.purse import Purse
from cybernetic.vsm.bargain.refusals import (
    AnotherPeriod,
    AnotherPurse,
    BudgetExhausted,
    NoOpenBill,
    StaleContract,
)
from cybernetic.vsm.bargain.saved import Saved
from cybernetic.vsm.bargain.talk import Talk
from cybernetic.vsm.bargain.vector import Cost, Vector
from cybernetic.vsm.bargain.weights import Productivity
from cybernetic.vsm.bargain.worth import Worth
from cybernetic.vsm.cyberstride.diagnostics import Health, HealthLimits
from cybernetic.vsm.cyberstride.forecast import Forecast
from cybernetic.vsm.cyberstride.gauge import Judgement
from cybernetic.vsm.cyberstride.indices import Achievement, Index
from cybernetic.vsm.cyberstride.plan import Attention, Thresholds
from cybernetic.vsm.cyberstride.reading import Reading
from cybernetic.vsm.cyberstride.regimes import Regime, RegimeModel
from cybernetic.vsm.damping.aimd import Aimd
from cybernetic.vsm.damping.choice import Advice
from cybernetic.vsm.damping.fence import Fence, LeaseLost
from cybernetic.vsm.damping.flap import Flapping
from cybernetic.vsm.damping.leases import Lease, LeaseTable, Waiter
from cybernetic.vsm.damping.oscillation import Oscillation
from cybernetic.vsm.damping.pacer import Pacer
from cybernetic.vsm.damping.plan import Engagement, Plan
from cybernetic.vsm.damping.shaping import Shaping
from cybernetic.vsm.damping.shares import Member
from cybernetic.vsm.decisions.actions import Action
from cybernetic.vsm.decisions.authority import Authority, AuthorityMatrix
from cybernetic.vsm.decisions.decide import Decision
from cybernetic.vsm.decisions.policy import Opinion, Policy, Tier
from cybernetic.vsm.decisions.question import Question, QuestionState, Reception
from cybernetic.vsm.decisions.rulebook import Amendment, PolicyChange, Rulebook
from cybernetic.vsm.decisions.verdicts import Allow, Deny, Escalate
from cybernetic.vsm.functions import Absent, function_at, place_of
from cybernetic.vsm.growing import Growing
from cybernetic.vsm.homeostat.balance import Balance, Balanced, BandIndex, Bands, Diagnosis, Pathology, Spoken
from cybernetic.vsm.homeostat.conversation import (
    AdaptationProposal,
    Conversation,
    ConversationState,
    Feasibility,
    Side,
)
from cybernetic.vsm.homeostat.homeostat import StepChange
from cybernetic.vsm.ladder.arousal import Feeling, Sensitivity
from cybernetic.vsm.ladder.climb import Climb, Stage
from cybernetic.vsm.ladder.clocks import Clocks, Paging, Rungs
from cybernetic.vsm.ladder.deadman import Deadman, ErrorBurst
from cybernetic.vsm.ladder.effects import (
    AckRefused,
    Cleared,
    Folded,
    Heard,
    Noticed,
    Owned,
    Paged,
    Pleased,
    Raised,
    Unanswered,
)
from cybernetic.vsm.ladder.ladder import Ladder
from cybernetic.vsm.ladder.signals import Cause, Pain, PainKey, Pleasure, Severity
from cybernetic.vsm.ladder.storm import StormRule
from cybernetic.vsm.variety.capacity import ChannelLoad
from cybernetic.vsm.variety.entropy import Variety
from cybernetic.vsm.variety.filters import Carried, Measured
from cybernetic.vsm.variety.ledger import Absorber, Disturbance, VarietyLedger
from cybernetic.vsm.variety.regulation import Regulated
from cybernetic.wire import TYPES, register


def _pack_policy(policy: Policy) -> tuple[Any, ...]:
    """Name, version, tier, and the place of the function; a callable value that travels goes as it is."""
    decide: Any = policy.decide
    if isinstance(decide, Absent):
        decide = decide.place
    elif isinstance(decide, FunctionType) or TYPES.of(type(decide)) is None:
        decide = place_of(decide)
    return policy.name, policy.version, policy.tier, decide


def _unpack_policy(name: str, version: int, tier: Tier, decide: Any) -> Policy:
    """A function is looked for where it stood at the sender's; a policy without it denies (see `Absent`)."""
    return Policy(name, version, function_at(decide) if isinstance(decide, str) else decide, tier)


def _pack_contract(contract: Contract) -> tuple[Any, ...]:
    """What has no meaning is left out: an older version of the program understands it."""
    packed = contract.unit, contract.epoch, contract.grant, contract.seal, contract.purse, contract.per
    return (*packed, contract.bare) if contract.bare else packed


def _pack_load(load: ChannelLoad) -> tuple[Any, ...]:
    return load.capacity, load.period, load.rate, load.at, tuple(load.waiting)


def _unpack_action(kind: str, facts: dict[str, Any]) -> Action:
    return Action(kind, facts)


# what travels as its fields or its name say
_PLAIN = (
    *(Account, AuditDetection, AuditFinding, AuditLoad, AuditRecord, Canary, CusumDesign, DiscrepancyCusum),
    *(PosiwidGap, RateInterval, Standing, VerifierHealth),
    *(Accepted, Allocator, BudgetExhausted, Claim, Epoch, Ledger, Price, Productivity, Purse, Rate),
    *(
        AnotherPeriod,
        AnotherPurse,
        NoOpenBill,
        Report,
        Reservation,
        Saved,
        Seal,
        Settlement,
        StaleContract,
        Talk,
        Worth,
    ),
    *(Achievement, Attention, Forecast, Health, HealthLimits, Index, Judgement, Reading, Regime, RegimeModel),
    *(Thresholds,),
    *(
        Advice,
        Aimd,
        Engagement,
        Fence,
        Flapping,
        Lease,
        LeaseLost,
        LeaseTable,
        Member,
        Oscillation,
        Pacer,
        Plan,
    ),
    *(Shaping, Waiter),
    *(
        Allow,
        Amendment,
        Authority,
        AuthorityMatrix,
        Decision,
        Deny,
        Escalate,
        Opinion,
        PolicyChange,
        Question,
    ),
    *(QuestionState, Reception, Rulebook, Tier),
    *(
        AdaptationProposal,
        Balance,
        Balanced,
        BandIndex,
        Bands,
        Conversation,
        ConversationState,
        Diagnosis,
        Feasibility,
        Pathology,
    ),
    *(Side, Spoken, StepChange),
    *(
        AckRefused,
        Cause,
        Cleared,
        Climb,
        Clocks,
        Deadman,
        ErrorBurst,
        Feeling,
        Folded,
        Heard,
        Ladder,
        Noticed,
    ),
    *(Owned, Paged, Paging, Pain, PainKey, Pleased, Pleasure, Raised, Rungs, Sensitivity, Severity, Stage),
    *(StormRule, Unanswered),
    *(Absorber, Carried, Disturbance, Measured, Regulated, Variety, VarietyLedger),
)

TRAVELLERS: tuple[type, ...] = (
    *(register(cls, f"vsm.{cls.__name__}") for cls in _PLAIN),
    *(
        register(cls, f"vsm.{cls.__name__}", encode=lambda vector: (vector.grains,), decode=cls.of_grains)
        for cls in (Vector, Cost)
    ),
    register(Budget, "vsm.Budget", encode=lambda budget: (budget.grant, budget.per), decode=Budget.granting),
    register(
        Action, "vsm.Action", encode=lambda action: (action.kind, dict(action.facts)), decode=_unpack_action
    ),
    register(Contract, "vsm.Contract", encode=_pack_contract, decode=Contract),
    register(ChannelLoad, "vsm.ChannelLoad", encode=_pack_load, decode=ChannelLoad),
    register(Growing, "vsm.Growing", encode=lambda table: (dict(table),), decode=Growing),
    register(Policy, "vsm.Policy", encode=_pack_policy, decode=_unpack_policy),
)
"""What this room's mathematics adds to the types that may travel."""
