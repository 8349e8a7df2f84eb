"""Who keeps agents alive: child specifications, restart plans, and the supervisors that carry them out."""

from cybernetic.supervision.backoff import Backoff
from cybernetic.supervision.children import Counts
from cybernetic.supervision.dynamic import DynamicSupervisor
from cybernetic.supervision.events import ChildEnded, ChildStarted, GaveUp
from cybernetic.supervision.intensity import Intensity
from cybernetic.supervision.job import Job
from cybernetic.supervision.keeper import ChildInfo
from cybernetic.supervision.limits import Limits
from cybernetic.supervision.outcome import Done, Failed, TimedOut
from cybernetic.supervision.partition import Partitions, PartitionSupervisor, Unroutable, partition_of
from cybernetic.supervision.reports import SupervisorReport
from cybernetic.supervision.spec import BadChild, Child, check_children, child
from cybernetic.supervision.supervisor import Supervisor
from cybernetic.supervision.tasks import TaskSupervisor
from cybernetic.supervision.travel import TRAVELLERS
from cybernetic.supervision.worker import TaskAgent

__all__ = (
    "Backoff",
    "BadChild",
    "Child",
    "ChildEnded",
    "ChildInfo",
    "ChildStarted",
    "Counts",
    "Done",
    "DynamicSupervisor",
    "Failed",
    "GaveUp",
    "Intensity",
    "Job",
    "Limits",
    "PartitionSupervisor",
    "Partitions",
    "Supervisor",
    "SupervisorReport",
    "TRAVELLERS",
    "TaskAgent",
    "TaskSupervisor",
    "TimedOut",
    "Unroutable",
    "check_children",
    "child",
    "partition_of",
)
