"""Child specifications and the settings of a supervisor, checked where they are written."""

import inspect
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from types import EllipsisType
from typing import Any, Generic, Literal, TypeVar, TypeVarTuple, cast

from cybernetic.core import (
    ArgumentsError,
    OptionError,
    Refusal,
    SpecError,
    bind,
    flag,
    identity,
    number,
    one_of,
    seconds,
    whole,
)
from cybernetic.runtime import Name
from cybernetic.supervision.backoff import Backoff
from cybernetic.supervision.limits import Limits

A = TypeVar("A")
A_co = TypeVar("A_co", covariant=True)
Ts = TypeVarTuple("Ts")

Restart = Literal["permanent", "transient", "temporary"]
AgentType = Literal["worker", "supervisor"]
Limit = float | Literal["brutal_kill"] | None  # seconds a child may take to end; None: no limit
Strategy = Literal["one_for_one", "one_for_all", "rest_for_one"]
AutoShutdown = Literal["never", "any_significant", "all_significant"]
Requires = frozenset[tuple[str, object]]

TYPES = ("worker", "supervisor")
RESTARTS = ("permanent", "transient", "temporary")
STRATEGIES = ("one_for_one", "one_for_all", "rest_for_one")
AUTO_SHUTDOWNS = ("never", "any_significant", "all_significant")

# by type of agent, where a child names none (CS-1)
LIMITS: Mapping[AgentType, Limit] = {"worker": 5.0, "supervisor": None}

_NOTHING: Requires = frozenset()


class BadChild(SpecError, Refusal):
    """What was given to `start_child` cannot be a child of this supervisor, which lives on (CS-7)."""


@dataclass(frozen=True, slots=True, init=False)
class Child(Generic[A_co]):
    """A child as its supervisor keeps it: what to start, and how to treat it; made by `child`, which see.

    It checks itself, so it is always valid. `shutdown` and `requires` read as they were resolved: the limit
    that applies, and a frozenset of (name, value). Hashable if its `args` are.
    """

    cls: Callable[..., A_co]
    args: tuple[object, ...]
    id: Hashable
    name: str | Name | None
    restart: Restart
    shutdown: Limit
    significant: bool
    start_timeout: float | None
    backoff: Backoff | None
    node: str | None
    requires: Requires
    isolate: bool | Limits

    def __init__(
        self,
        cls: Callable[..., A_co],
        args: tuple[object, ...] = (),
        *,
        id: Hashable = None,
        name: str | Name | None = None,
        restart: Restart = "permanent",
        shutdown: Limit | EllipsisType = ...,
        significant: bool = False,
        start_timeout: float | None = None,
        backoff: Backoff | None = None,
        node: str | None = None,
        requires: Mapping[str, object] | Iterable[str] | Requires | None = None,
        isolate: bool | Limits = False,
    ) -> None:
        agent = _class_of(cls)
        put = object.__setattr__  # the way into a frozen value
        # the first check that fails decides, in this order (CS-4)
        put(self, "id", _checked_id(_default_id(agent, name) if id is None else id))
        put(self, "cls", cls)
        put(self, "args", _checked_arguments(cls, agent, args))
        _choice("invalid_restart_type", "restart", restart, RESTARTS)
        put(self, "restart", restart)
        put(self, "significant", _flag("invalid_significant", "significant", significant))
        if significant and restart == "permanent":
            raise SpecError(
                "bad_combination", "significant", "False for a permanent child (CS-5)", significant
            )
        put(self, "shutdown", _limit(shutdown, agent_type(agent)))
        put(self, "name", name if hasattr(name, "claim") else _text("invalid_name", "name", name))
        put(self, "start_timeout", _start_timeout(start_timeout))
        if backoff is not None and not isinstance(backoff, Backoff):
            raise SpecError("invalid_backoff", "backoff", "Backoff(...) or None", backoff)
        put(self, "backoff", backoff)
        put(self, "node", _text("invalid_node", "node", node))
        put(self, "requires", _NOTHING if requires is None else _capabilities(requires))
        put(self, "isolate", _isolation(isolate))

    @property
    def agent(self) -> type[A_co]:
        """The agent's class, without the `functools.partial` that may hold keyword arguments."""
        return cast("type[A_co]", _class_of(self.cls))

    @property
    def type(self) -> AgentType:
        """Whether the child is a "worker" or a "supervisor": its class's `agent_type`."""
        return cast("AgentType", getattr(_class_of(self.cls), "agent_type", "worker"))

    @property
    def placed(self) -> bool:
        """Whether it may have to run on another node than its supervisor."""
        return self.node is not None or bool(self.requires) or self.isolate is not False

    def without_arguments(self) -> "Child[A_co]":
        """The same child without its arguments: all that need be kept of a temporary one once it runs (CS-9).

        It is for reading only; started again, it would lack its arguments.
        """
        if not self.args and self.cls is self.agent:
            return self
        bare = object.__new__(type(self))
        for field in self.__dataclass_fields__:
            object.__setattr__(bare, field, getattr(self, field))
        object.__setattr__(bare, "cls", self.agent)
        object.__setattr__(bare, "args", ())
        return bare


def child(
    cls: Callable[[*Ts], A],
    /,
    *args: *Ts,
    id: Hashable = None,
    name: str | Name | None = None,
    restart: Restart = "permanent",
    shutdown: Limit | EllipsisType = ...,
    significant: bool = False,
    start_timeout: float | None = None,
    backoff: Backoff | None = None,
    node: str | None = None,
    requires: Mapping[str, object] | Iterable[str] | None = None,
    isolate: bool | Limits = False,
) -> Child[A]:
    """Describe a child for a supervisor: `child(Counter, 10, id="counter")` (CS-1 to CS-6).

    Args:
        cls: the agent's class; keyword arguments go through `functools.partial(Counter, start=10)`.
        *args: its arguments, checked against its signature here. Every restart uses them again (CS-9).
        id: how the supervisor knows it: any hashable value but an address. Default None: its `name`, or else the
            class's name.
        name: the name to register it under, a string or what a registry gives for one (`Name`); None: none.
        restart: "permanent", always; "transient", after an abnormal end only; "temporary", never.
        shutdown: how long it may take to end when asked to: seconds >= 0, None (no limit) or "brutal_kill".
            Default: 5 seconds for a worker, None for a supervisor.
        significant: its end may end the supervisor (AS-1 to AS-6). Not for a permanent child.
        start_timeout: how long its start may take, in seconds > 0; None: no limit.
        backoff: how long to wait before a restart; None: not at all.
        node: the name of the node to run on; None: wherever the supervisor is.
        requires: what the node must offer: names, or a mapping of names to values. Default None: nothing.
        isolate: whether to give it a process of its own, `Limits(...)` for one that may use so much only.

    Raises:
        SpecError: a value is wrong; its `kind` is OTP's name for the mistake. The first wrong one is named,
            in the order id, cls, restart, significant, type, shutdown, then the others as above.
        ArgumentsError: `args` do not fit.
    """
    return Child(
        cls,
        args,
        id=id,
        name=name,
        restart=restart,
        shutdown=shutdown,
        significant=significant,
        start_timeout=start_timeout,
        backoff=backoff,
        node=node,
        requires=requires,
        isolate=isolate,
    )


def check_children(specs: object, auto_shutdown: AutoShutdown | None = None) -> tuple[Child[Any], ...]:
    """Check what `children()` returned, before any of it is started (CS-7, CS-8); return it as a tuple.

    `specs` is any iterable of `Child`, its ids distinct (1, 1.0 and True are). With `auto_shutdown` None it
    is not checked whether significant children make sense in this supervisor. Raises `SpecError`: "badarg" if
    `specs` is no such thing, "invalid_child_spec", "bad_combination", "invalid_auto_shutdown",
    "duplicate_child_name".
    """
    if auto_shutdown is not None:
        _choice("invalid_auto_shutdown", "auto_shutdown", auto_shutdown, AUTO_SHUTDOWNS)
    if isinstance(specs, str | bytes | Mapping) or not isinstance(specs, Iterable):
        raise SpecError("badarg", "children", "a list of child(...)", specs)
    checked, seen = [], set()
    for spec in specs:
        if not isinstance(spec, Child):
            raise SpecError("invalid_child_spec", "children", "child(...) as every item of the list", spec)
        if spec.significant and auto_shutdown == "never":
            expected = f'False for {spec.id!r}: the supervisor\'s auto_shutdown is "never" (CS-5)'
            raise SpecError("bad_combination", "significant", expected, spec.significant)
        key = identity(spec.id)
        if key in seen:
            raise SpecError("duplicate_child_name", "id", "an id of its own for every child", spec.id)
        seen.add(key)
        checked.append(spec)
    return tuple(checked)


def check_settings(
    strategy: object, max_restarts: object, max_seconds: object, auto_shutdown: object
) -> None:
    """Check a supervisor's settings, in this order (SF-1, SF-2).

    `strategy` and `auto_shutdown` are among `STRATEGIES` and `AUTO_SHUTDOWNS`, `max_restarts` is an integer
    >= 0, `max_seconds` a finite number > 0. Raises `SpecError` of the kind "invalid_strategy",
    "invalid_intensity", "invalid_period" or "invalid_auto_shutdown".
    """
    _choice("invalid_strategy", "strategy", strategy, STRATEGIES)
    _checked("invalid_intensity", whole, "max_restarts", max_restarts)
    _checked("invalid_period", number, "max_seconds", max_seconds, above=0)
    _choice("invalid_auto_shutdown", "auto_shutdown", auto_shutdown, AUTO_SHUTDOWNS)


def agent_type(cls: object) -> AgentType:
    """Whether `cls` makes a "worker" or a "supervisor". Raises `SpecError` "invalid_child_type"."""
    found = getattr(cls, "agent_type", "worker")
    _choice("invalid_child_type", "agent_type", found, TYPES)
    return cast("AgentType", found)


def _default_id(agent: object, name: object) -> Hashable:
    """What a child is called that was given no id: its name, if it has one, else the name of its class."""
    return name if isinstance(name, str) and name else getattr(agent, "__name__", repr(agent))


def _class_of(cls: object) -> object:
    while isinstance(cls, partial):
        cls = cls.func
    return cls


def _checked_id(id: Hashable) -> Hashable:
    if type(id) is str:
        return id
    if hasattr(id, "cast") and hasattr(id, "send"):  # an address: a pid is not an id (API-2)
        raise SpecError("invalid_id", "id", "a value other than an agent's address", id)
    try:
        hash(id)
    except TypeError:
        raise SpecError("invalid_id", "id", "a hashable value", id) from None
    return id


def _checked_arguments(
    cls: Callable[..., object], agent: object, args: tuple[object, ...]
) -> tuple[object, ...]:
    if not isinstance(agent, type):
        raise SpecError("invalid_mfa", "cls", "an agent's class or a functools.partial of one", cls)
    if not isinstance(args, tuple):
        raise SpecError("invalid_mfa", "args", "a tuple of arguments", args)
    if cls is agent:
        bind(agent, args)
        return args
    held = cast("partial[object]", cls)
    try:  # what a partial holds must fit as well, which its own signature would not say
        inspect.signature(agent).bind(*held.args, *args, **held.keywords)
    except TypeError as error:
        raise ArgumentsError(agent.__qualname__, str(error)) from None
    except ValueError:  # a class without a signature: only calling it can tell
        pass
    return args


def _limit(shutdown: object, type: AgentType) -> Limit:
    if shutdown is ...:
        return LIMITS[type]
    if isinstance(shutdown, str) and shutdown == "brutal_kill":
        return "brutal_kill"
    try:
        return seconds("shutdown", shutdown, none="no limit")
    except OptionError:
        expected = 'seconds >= 0, None (no limit) or "brutal_kill"'
        raise SpecError("invalid_shutdown", "shutdown", expected, shutdown) from None


def _start_timeout(value: object) -> float | None:
    if value is None:
        return None
    return _checked("invalid_start_timeout", number, "start_timeout", value, above=0)


def _text(kind: str, name: str, value: object) -> str | None:
    if value is None or (isinstance(value, str) and value):
        return value
    raise SpecError(kind, name, "a string that is not empty, or None", value)


def _flag(kind: str, name: str, value: object) -> bool:
    return value if isinstance(value, bool) else _checked(kind, flag, name, value)


def _isolation(value: object) -> bool | Limits:
    if isinstance(value, bool | Limits):
        return value
    raise SpecError("invalid_isolate", "isolate", "True, False or Limits(...)", value)


def _choice(kind: str, name: str, value: object, choices: tuple[str, ...]) -> None:
    if type(value) is not str or value not in choices:
        _checked(kind, one_of, name, value, choices)


def _capabilities(requires: object) -> Requires:
    """`requires` as pairs of name and value; a name alone asks for the value True. Pairs pass as they are."""
    expected = "names, or a mapping of names to hashable values"
    wrong = SpecError("invalid_requires", "requires", expected, requires)
    if isinstance(requires, str | bytes) or not isinstance(requires, Iterable):
        raise wrong
    pairs = requires.items() if isinstance(requires, Mapping) else requires
    try:
        found = frozenset(pair if isinstance(pair, tuple) else (pair, True) for pair in pairs)
    except TypeError:
        raise wrong from None
    names = {pair[0] for pair in found if len(pair) == 2 and isinstance(pair[0], str) and pair[0]}
    if len(names) != len(found):
        raise wrong
    return found


R = TypeVar("R")


def _checked(
    kind: str, check: Callable[..., R], name: str, value: object, *more: object, **limits: float
) -> R:
    """What `check` of `cybernetic.core` returns, its complaint as a `SpecError` of `kind`."""
    try:
        return check(name, value, *more, **limits)
    except OptionError as error:
        raise SpecError(kind, error.name, error.expected, error.got) from None
