"""Which methods may be called by message, and what is said of the others (DESIGN section 3, "Callable by message")."""

import functools
from collections.abc import Callable
from typing import Any, Protocol

import pytest

from cybernetic import Agent, BadCall, Ref, System
from tests.runtime.server.agents import Counter, Journal


def bare(fn: Callable[..., Any]) -> Callable[..., Any]:
    """A decorator without `wraps`."""

    def wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
        return ("decorated", fn(self, *args, **kwargs))

    return wrapper


def wrapped(fn: Callable[..., Any]) -> Callable[..., Any]:
    """A decorator with `wraps`."""

    @functools.wraps(fn)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return ("wrapped", fn(*args, **kwargs))

    return wrapper


class Plus:
    """A mixin that knows nothing of agents."""

    def plus(self) -> str:
        return "mixin"


class Named(Protocol):
    """An interface agents fulfil without inheriting from it."""

    def label(self) -> str: ...


class Base(Agent):
    """Has a bit of everything."""

    limit = 3

    def label(self) -> str:
        return "base"

    def inherited(self) -> str:
        return f"inherited by {type(self).__name__}"

    @bare
    def decorated(self, x: int) -> int:
        return x

    @bare
    def decorated_too(self) -> str:
        return "too"

    @wrapped
    def wrapped(self, x: int) -> int:
        return x

    alias = inherited

    double = lambda self, x: 2 * x  # noqa: E731

    @property
    def prop(self) -> int:
        return 1

    @functools.cached_property
    def cached(self) -> int:
        return 1

    @staticmethod
    def static() -> int:
        return 1

    @classmethod
    def klass(cls) -> int:
        return 1

    def _private(self) -> int:
        return 1

    def __dunder__(self) -> int:
        return 1

    class Message:
        """A class inside the class is no method."""

        def __init__(self, agent: Any) -> None: ...

    part = functools.partialmethod(inherited)


class Sub(Plus, Base):
    """Inherits, mixes in and overrides."""

    def label(self) -> str:
        return "sub"

    def own(self) -> str:
        return "own"


@pytest.mark.parametrize(
    ("method", "args", "answer"),
    [
        (Base.label, (), "sub"),
        (Sub.label, (), "sub"),
        (Named.label, (), "sub"),
        (Base.inherited, (), "inherited by Sub"),
        (Sub.inherited, (), "inherited by Sub"),
        (Base.alias, (), "inherited by Sub"),
        (Plus.plus, (), "mixin"),
        (Sub.plus, (), "mixin"),
        (Base.decorated, (3,), ("decorated", 3)),
        (Base.decorated_too, (), ("decorated", "too")),
        (Base.wrapped, (3,), ("wrapped", 3)),
    ],
    ids=lambda x: getattr(x, "__qualname__", None),
)
@pytest.mark.parametrize("by", ["ref", "name"])
async def test_public_functions_of_the_classes_are_found_by_identity_and_served_by_name(
    method: Any, args: tuple[Any, ...], answer: Any, by: str
) -> None:
    async with System() as system:
        ref = await system.start(Sub, name="it")
        address: Any = ref if by == "ref" else system.named("it", Sub)
        assert await address.call(method, *args) == answer


async def test_the_same_function_asked_of_two_classes_is_served_by_each_ones_own() -> None:
    async with System() as system:
        base, sub = await system.start(Base), await system.start(Sub)
        assert await base.call(Base.label) == "base"
        assert await sub.call(Base.label) == "sub"
        with pytest.raises(BadCall, match=r"Base has no such method: .* got: Sub\.label"):
            await base.call(Sub.label)  # type: ignore[arg-type]


async def test_an_override_by_a_mixin_is_found() -> None:
    class Mixin:
        def label(self) -> str:
            return "mixed in"

    class Mixed(Mixin, Base):
        pass

    async with System() as system:
        ref = await system.start(Mixed)
        assert await ref.call(Base.label) == "mixed in"


async def test_a_class_and_methods_made_inside_a_function_work_too() -> None:
    class Local(Agent):
        def hello(self) -> str:
            return "hello"

    async with System() as system:
        ref = await system.start(Local)
        assert await ref.call(Local.hello) == "hello"


REFUSED: list[tuple[Any, str]] = [
    (lambda self: 1, "a lambda"),
    (Base.double, "a lambda"),
    (Base._private, "Base._private is private|Sub._private is private"),
    (Base.__dunder__, "__dunder__ is private"),
    (Base.__init__, "private|no such method"),
    (Base.prop, "property"),
    (vars(Base)["cached"], "."),
    (Base.static, "staticmethod|no such method"),
    (Base.klass, "bound method|classmethod"),
    (vars(Base)["klass"], "classmethod"),
    (vars(Base)["static"], "staticmethod"),
    (Base.Message, "expected"),
    (Base.part, "expected"),
    (Base.limit, "expected"),
    ("label", "expected a method such as Sub.name, got: 'label'"),
    (None, "."),
    ({}, "."),
    (functools.partial(Base.label), "expected a method"),
    (print, "expected a method"),
    (len, "expected a method"),
    (Counter.add, "Sub has no such method: .* got: Counter.add"),
    (bare, "no such method"),
    (Sub, "."),
]


@pytest.mark.parametrize(("method", "sentence"), REFUSED, ids=[repr(m)[:40] for m, _ in REFUSED])
async def test_everything_else_is_refused_with_a_sentence_at_the_line(method: Any, sentence: str) -> None:
    async with System() as system:
        ref = await system.start(Sub, name="it")
        for address in (ref, ref.within(1), system.named("it", Sub), system.named("nobody", Sub)):
            use: Any = address
            with pytest.raises(BadCall, match=sentence):
                use.cast(method)
            with pytest.raises(BadCall, match=sentence):
                use.request(method)
            with pytest.raises(BadCall, match=sentence):
                await use.call(method)
            for later in (use.after(1), use.every(1)):
                with pytest.raises(BadCall, match=sentence):
                    later.cast(method)
        assert await ref.call(Sub.own) == "own"


async def test_a_bound_method_is_refused_with_the_function_to_pass_instead() -> None:
    counter = Counter()
    async with System() as system:
        ref: Ref[Any] = await system.start(Counter)
        with pytest.raises(BadCall, match=r"bound method: pass Counter\.add, not self\.add"):
            ref.cast(counter.add)


MEMBERS = frozenset(
    {"ref", "system", "sender", "spawn", "start", "link", "unlink", "monitor", "demonitor", "exit", "stop"}
    | {"continue_with", "defer", "task", "run_blocking"}
)
HOOKS = frozenset({"setup", "receive", "terminate", "idle", "redact"})


@pytest.mark.parametrize("name", sorted(MEMBERS | HOOKS))
async def test_members_and_hooks_of_agent_are_never_called_by_message(name: str) -> None:
    class Mine(Counter):
        def setup(self) -> None: ...
        def receive(self, message: Any) -> None: ...
        def terminate(self, reason: Any) -> None: ...
        def idle(self) -> None: ...
        def redact(self, state: dict[str, Any]) -> Any:
            return state

    async with System() as system:
        ref: Ref[Any] = await system.start(Mine)
        for owner in (Agent, Mine):
            with pytest.raises(BadCall):
                ref.cast(getattr(owner, name))
        assert system.alive(ref)


async def test_the_error_lists_what_may_be_called() -> None:
    async with System() as system:
        ref = await system.start(Journal)
        with pytest.raises(BadCall) as caught:
            ref.cast(Counter.get)  # type: ignore[arg-type]
        assert "Journal" in str(caught.value)
        assert "Counter.get" in str(caught.value)
