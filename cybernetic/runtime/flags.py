"""What an agent's record is at a moment, as bits of one integer; 0 is an agent with nothing special about it."""

from contextvars import ContextVar
from typing import Any

DEAD = 1
EMBRYO = 2  # not started yet
PARKED = 4  # an async handler waits
SUSPENDED = 8
EXITING = 16  # no more messages; a handler still unwinds
ATTENTION = 32  # the handler asked for more than to return: stop, defer
CONTINUES = 64  # `continue_with` comes before the mailbox
OWN = 128  # runs in a contextvars context of its own
LONG = 256  # `_rest` holds messages taken over from the mailbox
IDLES = 512  # has an idle timeout
TRACED = 1024
TERMINATING = 2048  # `terminate` has been called
FOREIGN = 4096  # runs on another node: this is only its address
HELD = 8192  # has sent more to another node than goes through; its next turn waits

OWNER: ContextVar[Any] = ContextVar("cybernetic_owner", default=None)  # the agent a task works for
DROP: Any = object()  # the sender of what must not be sent
