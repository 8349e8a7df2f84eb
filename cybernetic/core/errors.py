"""Every error the library raises. Constructors own the text: what was expected, and what came."""

import sys


class CyberneticError(Exception):
    """Root of the library's errors."""


class InternalError(CyberneticError):
    """A defect of the library itself, not of the program that uses it."""


def shown(value: object) -> str:
    """`value` as it shows itself; what cannot is named by its kind: an integer may have too many digits, and what
    somebody else wrote may fail.
    """
    try:
        return repr(value)
    except Exception:
        kind = type(value)
        size = f" of {value.bit_length()} bits" if isinstance(value, int) else ""
        return f"<{kind.__module__}.{kind.__qualname__}{size} that cannot be shown>"


# What the caller of a function did wrong, raised at the line.


class OptionError(CyberneticError, ValueError):
    """An option has an impossible value. `name`, `expected` and `got` say which."""

    def __init__(self, name: str, expected: str, got: object) -> None:
        super().__init__(f"{name}: expected {expected}, got: {shown(got)}")
        self.name, self.expected, self.got = name, expected, got


class SpecError(OptionError):
    """A child specification or a supervisor's setting is wrong. `kind` is OTP's name for the mistake (CS-4, SF-2)."""

    def __init__(self, kind: str, name: str, expected: str, got: object) -> None:
        super().__init__(name, expected, got)
        self.kind = kind


class ArgumentsError(CyberneticError, TypeError):
    """The arguments given do not fit the signature of what they are for."""

    def __init__(self, what: str, why: str) -> None:
        super().__init__(f"{what}: arguments do not bind: {why}")


class DefinitionError(CyberneticError, TypeError):
    """A class breaks a rule of `Agent`, found when the class is made."""


class NotRunning(CyberneticError):
    """The object is not a running agent: it was made by hand, or its agent has ended."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what} is not running as an agent: expected one started by a System or another agent"
        )


class NotInside(CyberneticError):
    """Something that only a running agent can do was tried from outside of one."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} works inside an agent only")


# Calls.


class CallError(CyberneticError):
    """Root of what `call` raises when there is no answer."""


class BadCall(CallError):
    """The method cannot be called by message, or its arguments do not bind: the caller's fault, the agent lives."""


class CallingSelf(CallError):
    """An agent called itself, which could never be answered."""

    def __init__(self, who: object, instead: str) -> None:
        super().__init__(f"{who} called itself: expected another agent; {instead} instead")


class CallDeadlock(CallError):
    """A call that could never be answered: its target waits for the caller."""

    def __init__(self, caller: object, target: object) -> None:
        super().__init__(f"{caller} called {target}, which is waiting for {caller} to start")


class CallTimeout(CallError, TimeoutError):
    """No answer in time. The request stays queued or running; a late answer is dropped (CALL-3)."""

    def __init__(self, target: object, what: str, seconds: float, waiting_for: str | None = None) -> None:
        because = f"; it was {waiting_for}" if waiting_for else ""
        super().__init__(f"no answer from {target} to {what} within {seconds:g} s{because}")
        self.target, self.seconds, self.waiting_for = target, seconds, waiting_for


class CallFailed(CallError):
    """The target ended before it answered; `reason` is why it ended.

    Or the `lost` of the two, "call" or "answer", could not be brought to the other end: then the target lives on, as
    far as is known. "": it has ended.
    """

    def __init__(self, target: object, what: str, reason: object, lost: str = "") -> None:
        if lost == "answer":
            text = f"the answer of {target} to {what} cannot arrive: {reason}"
        elif lost:
            text = f"the {lost} of {what} cannot arrive at {target}: {reason}"
        elif type(reason).__name__ == "NoProc":
            text = f"there is no {target} to answer {what}: it has ended, or nobody holds the name"
        else:
            text = f"{target} ended before it answered {what}: {reason}"
        super().__init__(text)
        self.target, self.what, self.reason, self.lost = target, what, reason, lost


class MailboxFull(CallError):
    """The call did not fit into a bounded mailbox, or was dropped from it."""

    def __init__(self, target: object, limit: int) -> None:
        super().__init__(f"the mailbox of {target} is full: its limit is {limit} messages")
        self.target, self.limit = target, limit


# Starting and stopping.


class StartFailed(CyberneticError):
    """An agent could not be started. `reason` says why."""

    def __init__(self, what: str, reason: object) -> None:
        super().__init__(f"{what} did not start: {reason}")
        self.what, self.reason = what, reason


class StartIgnored(StartFailed):
    """The agent raised `Ignore`: it is not needed now. Nothing was logged, and nothing is running (GS-3)."""

    def __init__(self, what: str) -> None:
        CyberneticError.__init__(self, f"{what} asked to be ignored: there is no agent, and no failure")
        self.what, self.reason = what, None


class StopFailed(CyberneticError):
    """An agent that was asked to stop ended for another reason than the one asked for (CALL-11)."""

    def __init__(self, what: object, asked: object, reason: object) -> None:
        super().__init__(f"{what} was asked to stop with {asked}, but ended with {reason}")
        self.asked, self.reason = asked, reason


class SystemStopped(CyberneticError):
    """The system ended because a permanent tree of it ended, or it is used after its end."""

    def __init__(self, reason: object) -> None:
        super().__init__(f"the system has stopped: {reason}")
        self.reason = reason


class PortalMisused(CyberneticError, RuntimeError):
    """A portal was used from the event loop's own thread, where it would wait for itself."""

    def __init__(self) -> None:
        super().__init__(
            "a portal is for other threads: expected `await ref.call(...)` on the event loop's own thread"
        )


# Answers that are not crashes.


class Refusal(CyberneticError):
    """An exception that is an answer: raised in a handler, it reaches the caller and the agent lives on."""


class AlreadyStarted(Refusal):
    """The name or id is held by a running agent. `ref` is its address."""

    def __init__(self, what: object, ref: object) -> None:
        super().__init__(f"{what!r} is already held by {ref}")
        self.what, self.ref = what, ref


class AlreadyPresent(Refusal):
    """A child with this id is specified but has no process; restart it or delete it first."""

    def __init__(self, id: object) -> None:
        super().__init__(f"a child with id {id!r} is specified already, but not running")
        self.id = id


class NotFound(Refusal):
    """There is no such child."""

    def __init__(self, id: object) -> None:
        super().__init__(f"there is no child {id!r}")
        self.id = id


class Running(Refusal):
    """The child is running; it would have to be stopped first."""

    def __init__(self, id: object) -> None:
        super().__init__(f"the child {id!r} is running")
        self.id = id


class Restarting(Refusal):
    """The child is being restarted."""

    def __init__(self, id: object) -> None:
        super().__init__(f"the child {id!r} is being restarted")
        self.id = id


class MaxChildren(Refusal):
    """The supervisor has as many children as it may have."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"the supervisor has its {limit} children already")
        self.limit = limit


class ChildNotStarted(Refusal):
    """A child could not be started by request. `reason` says why."""

    def __init__(self, id: object, reason: object) -> None:
        super().__init__(f"the child {id!r} did not start: {reason}")
        self.id, self.reason = id, reason


class AlreadyRegistered(Refusal):
    """The key of a unique registry is held by another living agent. `ref` is its address."""

    def __init__(self, key: object, ref: object) -> None:
        super().__init__(f"the key {key!r} is already registered by {ref}")
        self.key, self.ref = key, ref


class NotRegistered(Refusal):
    """The agent does not hold this key."""

    def __init__(self, key: object) -> None:
        super().__init__(f"the key {key!r} is not held by the agent that wants to change it")
        self.key = key


class NotJoined(Refusal):
    """None of the agents given was a member of the group."""

    def __init__(self, group: object) -> None:
        super().__init__(f"not a member of the group {group!r}")
        self.group = group


class TaskFailed(CyberneticError):
    """A supervised task ended without a result. `reason` says why."""

    def __init__(self, what: str, reason: object) -> None:
        super().__init__(f"the task {what} ended without a result: {reason}")
        self.reason = reason


class CannotTravel(CyberneticError, TypeError):
    """A part of a message cannot be sent to another process. `path` names the part."""

    def __init__(self, path: str, got: object) -> None:
        cls = type(got)
        own = cls.__module__.partition(".")[0] not in sys.stdlib_module_names
        remedy = f"; @travels above class {cls.__name__} would let it" if own else ""
        super().__init__(f"{path}: expected a value that can travel, got: {cls.__qualname__}{remedy}")
        self.path = path


class VirtualTimeDeadlock(CyberneticError, RuntimeError):
    """On a virtual-time loop everything waits, and nothing is due that could wake it."""


# How a handler ends its own agent.


class Stop(Exception):
    """Raise it in a handler, at any depth, to end the agent with `reason`; `reply` answers a call being handled."""

    def __init__(self, reason: object = None, *, reply: object = ...) -> None:
        super().__init__(reason)
        self.reason, self.reply = reason, reply


class Ignore(Exception):
    """Raise it in `__init__` or `setup`: the agent is not needed now; its start yields no agent and no failure."""
