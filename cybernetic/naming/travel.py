"""The messages of this room that may cross the border of a process."""

from cybernetic.naming.messages import Joined, Left, Published, Registered, Unregistered
from cybernetic.naming.table import Entry
from cybernetic.wire import register

TRAVELLERS = tuple(
    register(cls, f"naming.{cls.__name__}")
    for cls in (Entry, Joined, Left, Published, Registered, Unregistered)
)
"""What this room adds to the types that may travel; importing this file does it."""
