"""Agents whose messages are held to what could travel to another process."""

from typing import TYPE_CHECKING, Any, TypeVar

from cybernetic.core import CallFailed, CannotTravel, Crash, Refusal
from cybernetic.runtime.cell import Entry, Ref, function_name
from cybernetic.runtime.mailbox import BoundedRef
from cybernetic.runtime.reply import Reply

A_co = TypeVar("A_co", covariant=True)


class CheckedRef(Ref[A_co]):
    """Everything that is sent to it arrives as a copy, or raises `CannotTravel` at the sender."""

    __slots__ = ()

    def _admit(self, entry: Entry) -> None:
        fn, args, kwargs, sender, reply = entry
        copy = self._engine.transfer
        args = copy(args, "arguments")
        if kwargs is not None:
            kwargs = copy(kwargs, "keywords")
        super()._admit((fn, args, kwargs, sender, reply))

    def _reply(self, fn: Any) -> "Reply[Any]":
        return CheckedReply(self, fn)

    if not TYPE_CHECKING:

        def cast(self, method, /, *args, **kwargs):
            """As `Address.cast`."""
            self._cast(method, args, kwargs)


class CheckedBoundedRef(CheckedRef[A_co], BoundedRef[A_co]):
    """The same, with a bounded mailbox."""

    __slots__ = ()


class CheckedReply(Reply[Any]):
    """The answer arrives as a copy; of one that cannot travel the caller is told."""

    __slots__ = ()

    def fail(self, error: BaseException) -> bool:
        """Settle with a copy of a refusal, or with an error of the library itself as it is."""
        if isinstance(error, Refusal):
            try:
                error = self.target._engine.transfer(error, "refusal")
            except CannotTravel as wrong:
                error = CallFailed(self.target, function_name(self.what), Crash.of(wrong), lost="answer")
        return super().fail(error)

    def answer(self, value: Any) -> bool:
        """Settle with a copy of `value`; False if it was settled or abandoned before."""
        try:
            return super().answer(self.target._engine.transfer(value, "answer"))
        except CannotTravel as error:
            failed = CallFailed(self.target, function_name(self.what), Crash.of(error), lost="answer")
            return self.fail(failed)
