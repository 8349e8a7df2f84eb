"""The viable system: systems 1 to 5, their channels, and the mathematics they stand on.

What a viable system is declared with stands here. The mathematics is public as well, each part useful alone, values in
and values out: `cybernetic.vsm.cyberstride` (indices, the Harrison–Stevens filter, control charts),
`cybernetic.vsm.damping` (pacing, leases, oscillation), `cybernetic.vsm.bargain` (allocation, budgets, ledgers),
`cybernetic.vsm.audit` (sampling, assurance), `cybernetic.vsm.ladder` (pain, and how it climbs),
`cybernetic.vsm.homeostat` (the balance of systems 3 and 4), `cybernetic.vsm.variety` (entropies, filters, where
disturbances are absorbed) and `cybernetic.vsm.decisions` (policies and what they come to).
"""

import cybernetic.vsm.travel  # noqa: F401 - lets the values travel
from cybernetic.vsm.algedonic.algedonode import Algedonode
from cybernetic.vsm.algedonic.humans import ConsoleHuman, HumanSink, Page
from cybernetic.vsm.algedonic.messages import Felt, Relief
from cybernetic.vsm.algedonic.watcher import VIGIL
from cybernetic.vsm.audit.canary import Canary
from cybernetic.vsm.audit.findings import Account
from cybernetic.vsm.audit.plan import Audit
from cybernetic.vsm.audit.record import Standing
from cybernetic.vsm.bargain.budget import Budget, Rate
from cybernetic.vsm.bargain.refusals import BudgetExhausted, NoOpenBill
from cybernetic.vsm.bargain.saved import Saved
from cybernetic.vsm.bargain.vector import Cost
from cybernetic.vsm.books.entry import Entry as LogEntry
from cybernetic.vsm.channels.channel import Channel, Role
from cybernetic.vsm.channels.ear import line_name, line_role
from cybernetic.vsm.channels.line import Line
from cybernetic.vsm.channels.note import Note
from cybernetic.vsm.channels.topology import TOPOLOGY, NotInTopology, topology_table
from cybernetic.vsm.cyberstride.capability import Capability
from cybernetic.vsm.cyberstride.gauge import Gauge
from cybernetic.vsm.cyberstride.indices import Index
from cybernetic.vsm.cyberstride.regimes import Regime
from cybernetic.vsm.damping.fence import LeaseLost
from cybernetic.vsm.decisions.actions import Action
from cybernetic.vsm.decisions.decide import decide, decision_table
from cybernetic.vsm.decisions.policy import Policy
from cybernetic.vsm.decisions.question import Reception
from cybernetic.vsm.decisions.verdicts import Allow, Deny, Escalate, Verdict
from cybernetic.vsm.door import ArgumentRefused
from cybernetic.vsm.governance.identity import Identity
from cybernetic.vsm.governance.messages import PolicyUpdate
from cybernetic.vsm.governance.questions import Asked
from cybernetic.vsm.governance.refusals import NoSuchQuestion, PolicyRefused
from cybernetic.vsm.inspection.auditor import Auditor
from cybernetic.vsm.inspection.gate import NotIndependent
from cybernetic.vsm.ladder.clocks import Clocks, Paging
from cybernetic.vsm.ladder.signals import Cause, Pain, PainKey, Pleasure, Severity
from cybernetic.vsm.operations.envoy import Away
from cybernetic.vsm.operations.messages import Intervention, Rung
from cybernetic.vsm.operations.operation import Operation
from cybernetic.vsm.operations.quota import Quota
from cybernetic.vsm.operations.refusals import (
    NoSuchKind,
    NoSuchUnit,
    TaskGivenUp,
    TaskHung,
    TaskLate,
    TaskStopped,
    TaskUnknown,
    WaitsForItself,
)
from cybernetic.vsm.operations.task import Outcome, Performed, Task
from cybernetic.vsm.operations.unit import Unit, remote, unit
from cybernetic.vsm.ports.passages import Ask, Passage
from cybernetic.vsm.ports.port import Port, RateLimited
from cybernetic.vsm.ports.porter import Porter
from cybernetic.vsm.ports.receipts import Came, Used
from cybernetic.vsm.ports.receipts import Receipt as PortReceipt
from cybernetic.vsm.ports.refusals import (
    NoEvidence,
    NoSuchPort,
    NotACall,
    NoThread,
    OutcomeUnknown,
    PolicyDenied,
    Quarantined,
    Stuck,
    Suspended,
    Unaudited,
)
from cybernetic.vsm.recursion.refusals import Elsewhere, HeldAbove
from cybernetic.vsm.recursion.remote import Abroad, junction_of
from cybernetic.vsm.status import Status
from cybernetic.vsm.timing import now
from cybernetic.vsm.viable import ViableSystem
from cybernetic.vsm.world.declared import World
from cybernetic.vsm.world.knowing import NoWorld
from cybernetic.vsm.world.outage import Outage
from cybernetic.vsm.world.outages import PortOut

__all__: tuple[str, ...] = (
    "Abroad",
    "Account",
    "Action",
    "Algedonode",
    "Allow",
    "ArgumentRefused",
    "Ask",
    "Asked",
    "Audit",
    "Auditor",
    "Away",
    "Budget",
    "BudgetExhausted",
    "Came",
    "Canary",
    "Capability",
    "Cause",
    "Channel",
    "Clocks",
    "ConsoleHuman",
    "Cost",
    "Deny",
    "Elsewhere",
    "Escalate",
    "Felt",
    "Gauge",
    "HeldAbove",
    "HumanSink",
    "Identity",
    "Index",
    "Intervention",
    "LeaseLost",
    "Line",
    "LogEntry",
    "NoEvidence",
    "NoOpenBill",
    "NoSuchKind",
    "NoSuchPort",
    "NoSuchQuestion",
    "NoSuchUnit",
    "NoThread",
    "NoWorld",
    "NotACall",
    "NotInTopology",
    "NotIndependent",
    "Note",
    "Operation",
    "Outage",
    "Outcome",
    "OutcomeUnknown",
    "Page",
    "Paging",
    "Pain",
    "PainKey",
    "Passage",
    "Performed",
    "Pleasure",
    "Policy",
    "PolicyDenied",
    "PolicyRefused",
    "PolicyUpdate",
    "Port",
    "PortOut",
    "PortReceipt",
    "Porter",
    "Quarantined",
    "Quota",
    "Rate",
    "RateLimited",
    "Reception",
    "Regime",
    "Relief",
    "Role",
    "Rung",
    "Saved",
    "Severity",
    "Standing",
    "Status",
    "Stuck",
    "Suspended",
    "TOPOLOGY",
    "Task",
    "TaskGivenUp",
    "TaskHung",
    "TaskLate",
    "TaskStopped",
    "TaskUnknown",
    "Unaudited",
    "Unit",
    "Used",
    "VIGIL",
    "Verdict",
    "ViableSystem",
    "WaitsForItself",
    "World",
    "decide",
    "decision_table",
    "junction_of",
    "line_name",
    "line_role",
    "now",
    "remote",
    "topology_table",
    "unit",
)
