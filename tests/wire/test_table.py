"""Which types travel is said once, by name; the table refuses what it could not keep."""

import sys
from dataclasses import InitVar, dataclass
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from cybernetic.core import CannotTravel, OptionError, Refusal
from cybernetic.wire import (
    TYPES,
    Codec,
    DamagedMessage,
    Extension,
    TypeTable,
    UnknownType,
    plain_refusal,
    register,
    travels,
)
from tests.wire.values import TABLE, Colour, Level, Money, Order, Overdrawn, Point, Sized


def table_with(cls: type, name: str | None = None, **functions: Any) -> TypeTable:
    table = TypeTable()
    table.register(cls, name, **functions)
    return table


def test_the_decorator_registers_with_the_table_that_codecs_use_by_default() -> None:
    @travels
    @dataclass
    class Bare:
        x: int

    @travels(name="tests.named")
    @dataclass
    class Named:
        x: int

    assert register(type("Plain", (), {}), encode=lambda _: (), decode=lambda: 1).__name__ == "Plain"
    assert Codec().copy([Bare(1), Named(2)]) == [Bare(1), Named(2)]
    assert TYPES.named(b"tests.named").cls is Named  # type: ignore[union-attr]
    assert TYPES.of(Bare).name == f"{__name__}.{Bare.__qualname__}"  # type: ignore[union-attr]


def test_a_name_or_a_class_is_registered_once() -> None:
    table = table_with(Order, "orders.Order")
    with pytest.raises(OptionError, match=r"name: expected a name not registered yet, got: 'orders.Order'"):
        table.register(Point, "orders.Order")
    with pytest.raises(OptionError, match="cls: expected a class not registered yet"):
        table.register(Order, "orders.Other")
    with pytest.raises(OptionError, match="not registered yet"):
        table.register(tuple, "my.tuple", encode=lambda it: it, decode=lambda *parts: parts)
    assert table.named(b"orders.Other") is None


@pytest.mark.parametrize("name", ["", "t", "!x.y", "a\nb", "x" * 201, 5])
def test_a_name_is_short_printable_text(name: Any) -> None:
    with pytest.raises(OptionError, match="name"):
        TypeTable().register(Order, name)


def test_a_class_of_no_known_kind_needs_functions() -> None:
    with pytest.raises(OptionError, match="expected a dataclass, an Enum, a named tuple, an exception"):
        TypeTable().register(Money)
    with pytest.raises(OptionError, match="both or neither"):
        TypeTable().register(Money, encode=lambda money: (money.cents,))
    with pytest.raises(OptionError, match="cls: expected a class"):
        TypeTable().register(5)  # type: ignore[type-var]


def test_a_dataclass_with_another_constructor_needs_functions() -> None:
    @dataclass
    class Odd:
        x: int
        seed: InitVar[int]

    with pytest.raises(OptionError, match="whose constructor takes its fields"):
        TypeTable().register(Odd)


def test_the_main_file_is_named_as_other_nodes_import_it(monkeypatch: pytest.MonkeyPatch) -> None:
    main = ModuleType("__main__")
    main.__file__ = "/somewhere/shop.py"
    monkeypatch.setitem(sys.modules, "__main__", main)
    cls: type = dataclass(type("Sale", (), {"__module__": "__main__"}))
    assert table_with(cls).named(b"shop.Sale") is not None
    monkeypatch.setattr(main, "__spec__", SimpleNamespace(name="trade.shop"))
    assert table_with(cls).named(b"trade.shop.Sale") is not None


def test_a_class_derived_from_a_registered_one_does_not_travel_as_its_base() -> None:
    class Special(Order):
        pass

    class Text(str):
        pass

    codec = Codec(TABLE)
    for value in (Special(1), Text("x"), Text, type("Numbers", (dict,), {})(), type("Row", (Point,), {})(1)):
        with pytest.raises(CannotTravel):
            codec.encode([value])


def test_a_newer_field_with_a_default_may_be_missing() -> None:
    older: type = dataclass(type("Older", (), {"__annotations__": {"id": object}}))
    sender, receiver = Codec(table_with(older, "orders.Order")), Codec(table_with(Order, "orders.Order"))
    assert receiver.decode(sender.encode([older(5)])) == [Order(5)]
    with pytest.raises(DamagedMessage, match=r"parts that build a orders.Order, got: TypeError"):
        sender.decode(receiver.encode([Order(5)]))


def test_a_type_registered_elsewhere_only_is_named() -> None:
    with pytest.raises(
        UnknownType, match=r"expected a type registered on this node, got: 'tests.Order'"
    ) as caught:
        Codec().decode(Codec(TABLE).encode(Order(1)))
    assert caught.value.name == "tests.Order"


def test_a_constructor_that_refuses_makes_the_message_a_damaged_one() -> None:
    sized = Sized(1)
    sized.width = -1
    with pytest.raises(DamagedMessage, match="ValueError: a negative width"):
        Codec(TABLE).copy(sized)


def test_a_refusal_of_ones_own_keeps_class_arguments_and_attributes() -> None:
    error = Codec(TABLE).copy(Overdrawn("savings", 3))
    assert type(error) is Overdrawn
    assert (str(error), error.account, error.missing) == ("savings lacks 3", "savings", 3)


def test_a_refusal_registered_nowhere_arrives_with_type_name_and_text() -> None:
    class Closed(Refusal):
        def __init__(self, hour: int) -> None:
            super().__init__(f"closed since {hour}")
            self.cannot_travel = object()

    error = Codec(TABLE).copy([Closed(5)])[0]
    assert type(error) is Refusal
    assert str(error) == str(plain_refusal(Closed(5))) == f"{Closed.__qualname__}: closed since 5"


def test_a_refusal_unknown_to_the_receiver_arrives_with_name_and_text() -> None:
    error = Codec().decode(Codec(TABLE).encode((Overdrawn("savings", 3),)))[0]
    assert type(error) is Refusal
    assert str(error) == "tests.Overdrawn: savings lacks 3"


def test_a_refusal_registered_after_it_was_sent_travels_as_itself() -> None:
    table = TypeTable()
    codec = Codec(table)
    assert type(codec.copy(Overdrawn("a", 1))) is Refusal
    table.register(Overdrawn)
    assert type(codec.copy(Overdrawn("a", 1))) is Overdrawn


# extensions of one codec


class Address:
    def __init__(self, node: str, serial: int) -> None:
        self.node, self.serial = node, serial

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Address) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash((self.node, self.serial))


class Traced(Address):
    pass


EXTENSION = Extension("address", Address, lambda it: (it.node, it.serial), Address)


def test_an_extension_travels_on_its_codec_alone() -> None:
    codec = Codec(TABLE, extensions=[EXTENSION])
    value = {"ref": Address("n", 1), Address("n", 2): [Order(Traced("m", 3))]}
    arrived = codec.copy(value)
    assert arrived["ref"] == Address("n", 1)
    assert list(arrived)[1] == Address("n", 2)
    assert type(arrived[Address("n", 2)][0].id) is Address
    with pytest.raises(CannotTravel, match=r"message\['ref'\]"):
        Codec(TABLE).encode(value)


def test_an_extension_comes_before_the_table() -> None:
    codec = Codec(
        TABLE, extensions=[Extension("mine", Order, lambda order: (order.id,), lambda id: ("mine", id))]
    )
    assert codec.copy([Order(5)]) == [("mine", 5)]


@pytest.mark.parametrize("name", ["t", "", "tests.Order", "cybernetic.Normal", "address"])
def test_an_extension_needs_a_name_of_its_own(name: str) -> None:
    with pytest.raises(OptionError, match="not taken yet"):
        Codec(TABLE, extensions=[EXTENSION, Extension(name, Traced, lambda it: (it,), Traced)])


def test_enums_travel_by_name() -> None:
    assert b"RED" in Codec(TABLE).encode(Colour.CRIMSON)
    assert b"HIGH" in Codec(TABLE).encode(Level.HIGH)
