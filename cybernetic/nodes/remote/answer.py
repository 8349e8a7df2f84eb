"""The answer to a call from another node: what the runtime settles sends it there."""

from typing import Any

from cybernetic.core import CallError, CallFailed, CannotTravel, Crash, Refusal
from cybernetic.nodes.remote import ops
from cybernetic.nodes.remote.words import in_words
from cybernetic.runtime import function_name


class Answer:
    """Stands where a call's `Reply` does, on the node that answers. It is settled once."""

    __slots__ = ("_id", "_peer", "_settled", "target", "what")

    def __init__(self, peer: Any, id: int, target: Any, what: Any) -> None:
        self._peer, self._id, self.target, self.what = peer, id, target, what
        self._settled = False

    def done(self) -> bool:
        """Whether it was answered, or the node that asked is lost."""
        return self._settled or bool(self._peer.lost)

    def answer(self, value: Any) -> bool:
        """Answer with `value`; of one that cannot travel the caller is told."""
        if self._settled:
            return False
        try:
            self._peer.answer(self._id, value)
        except CannotTravel as error:
            return self.fail(
                CallFailed(self.target, function_name(self.what), Crash.of(error), lost="answer")
            )
        self._settled = True
        return True

    def fail(self, error: BaseException) -> bool:
        """Answer with an error to be raised at the caller."""
        if self._settled:
            return False
        self._settled = True
        if not isinstance(error, Refusal | CallError):
            error = CallFailed(self.target, function_name(self.what), Crash.of(error))
        try:
            self._peer.post((ops.FAIL, self._id, error), None, "error")
        except CannotTravel as wrong:
            why, lost = in_words(getattr(error, "reason", wrong)), ""
            if not isinstance(error, CallFailed):  # a refusal with something in it that cannot
                lost = "answer"
            failed = CallFailed(self.target, function_name(self.what), why, lost)
            self._peer.post((ops.FAIL, self._id, failed), None, "error")
        return True
