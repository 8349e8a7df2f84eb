"""One process full of agents: mailboxes, links, monitors, timers, calls, and the system they run in."""

from cybernetic.runtime.address import Address, Named
from cybernetic.runtime.agent import Agent
from cybernetic.runtime.birth import begin_child, started
from cybernetic.runtime.cell import Ref
from cybernetic.runtime.ending import begin_shut_down
from cybernetic.runtime.events import AgentEnded, AgentStarted, DeadLetter, LoopHeld, MailboxHigh, Zombie
from cybernetic.runtime.face import SystemFace
from cybernetic.runtime.inspector import Info, Inspector, StateRefused
from cybernetic.runtime.notices import Name, off_death, on_death, take_back, tell
from cybernetic.runtime.portal import Portal
from cybernetic.runtime.reply import Deferred
from cybernetic.runtime.reports import CrashReport
from cybernetic.runtime.system import LocalSystem
from cybernetic.runtime.timers import Timer

__all__ = (
    "Address",
    "Agent",
    "AgentEnded",
    "AgentStarted",
    "CrashReport",
    "DeadLetter",
    "Deferred",
    "Info",
    "Inspector",
    "LocalSystem",
    "LoopHeld",
    "MailboxHigh",
    "Name",
    "Named",
    "Portal",
    "Ref",
    "StateRefused",
    "SystemFace",
    "Timer",
    "Zombie",
    "begin_child",
    "begin_shut_down",
    "off_death",
    "on_death",
    "started",
    "take_back",
    "tell",
)
