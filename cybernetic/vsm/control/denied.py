"""What policies forbade a unit, as it stands in the log of decisions."""

from collections.abc import Iterator

from cybernetic.vsm.books.entry import Entry
from cybernetic.vsm.channels.note import Note
from cybernetic.vsm.ports.notices import Denials


def denied(denials: Denials, level: str, note: Note, at: float) -> Iterator[Entry]:
    """The entries, in the log of `level`, for what came in a `note`; `at`: seconds."""
    for one in denials.told:
        body = {
            "unit": note.path_from,
            "task": one.task,
            "action": one.action,
            "by": one.by,
            "why": one.reason,
            "times": one.times,
            "revision": one.revision,
        }
        yield Entry("denial", level, body, one.at, note.root, note.id)
    if denials.more:
        yield Entry("denial", level, {"unit": note.path_from, "more": denials.more}, at)
