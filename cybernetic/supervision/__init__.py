"""Who keeps agents alive: child specifications, restart plans, and the supervisors that carry them out."""

from cybernetic.supervision.backoff import Backoff
from cybernetic.supervision.children import Counts
from cybernetic.supervision.dynamic import DynamicSupervisor
from cybernetic.supervision.events import ChildEnded, ChildStarted, GaveUp
from cybernetic.supervision.intensity import Intensity
from cybernetic.supervision.keeper import ChildInfo
from cybernetic.supervision.reports import SupervisorReport
from cybernetic.supervision.spec import Child, check_children, child
from cybernetic.supervision.supervisor import Supervisor

__all__ = (
    "Backoff",
    "Child",
    "ChildEnded",
    "ChildInfo",
    "ChildStarted",
    "Counts",
    "DynamicSupervisor",
    "GaveUp",
    "Intensity",
    "Supervisor",
    "SupervisorReport",
    "check_children",
    "child",
)
