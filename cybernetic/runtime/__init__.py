"""One process full of agents: mailboxes, links, monitors, timers, calls, and the system they run in."""

from cybernetic.runtime.address import CALL_SECONDS, Address, Named, Within
from cybernetic.runtime.agent import Agent
from cybernetic.runtime.birth import abandon, begin_child, protocol_of, spawn, started
from cybernetic.runtime.bonds import tie, untie
from cybernetic.runtime.cell import (
    DeadRef,
    LostRef,
    Ref,
    dead_letter,
    function_name,
    outsider,
    registered_name,
)
from cybernetic.runtime.ending import ask_to_stop, begin_shut_down
from cybernetic.runtime.events import AgentEnded, AgentStarted, DeadLetter, LoopHeld, MailboxHigh, Zombie
from cybernetic.runtime.face import SystemFace
from cybernetic.runtime.flags import DEAD, DROP, EXITING, FOREIGN
from cybernetic.runtime.foreign import Foreign
from cybernetic.runtime.ground import busy_with
from cybernetic.runtime.holding import hold, release
from cybernetic.runtime.inspector import Info, Inspector, StateRefused
from cybernetic.runtime.life import deliver, depart, signal, unwatch, watch
from cybernetic.runtime.notices import Name, off_death, on_death, take_back, tell
from cybernetic.runtime.portal import Portal
from cybernetic.runtime.protocol import Protocol
from cybernetic.runtime.reply import Deferred, Reply
from cybernetic.runtime.reports import CrashReport
from cybernetic.runtime.system import LocalSystem
from cybernetic.runtime.timers import Timer
from cybernetic.runtime.virtual import VirtualTimeLoop, run_virtual

__all__ = (
    "Address",
    "Agent",
    "AgentEnded",
    "AgentStarted",
    "CALL_SECONDS",
    "CrashReport",
    "DEAD",
    "DROP",
    "DeadLetter",
    "DeadRef",
    "Deferred",
    "EXITING",
    "FOREIGN",
    "Foreign",
    "Info",
    "Inspector",
    "LocalSystem",
    "LoopHeld",
    "LostRef",
    "MailboxHigh",
    "Name",
    "Named",
    "Portal",
    "Protocol",
    "Ref",
    "Reply",
    "StateRefused",
    "SystemFace",
    "Timer",
    "VirtualTimeLoop",
    "Within",
    "Zombie",
    "abandon",
    "ask_to_stop",
    "begin_child",
    "begin_shut_down",
    "busy_with",
    "dead_letter",
    "deliver",
    "depart",
    "function_name",
    "hold",
    "off_death",
    "on_death",
    "outsider",
    "protocol_of",
    "registered_name",
    "release",
    "run_virtual",
    "signal",
    "spawn",
    "started",
    "take_back",
    "tell",
    "tie",
    "untie",
    "unwatch",
    "watch",
)
