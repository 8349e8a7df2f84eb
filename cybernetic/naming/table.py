"""Who holds which keys, with what value: the one structure behind registries, groups and topics. It knows no agents."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from cybernetic.core import AlreadyRegistered, OptionError, identity
from cybernetic.wire import travels


@travels(name="naming.Entry")
class Entry(NamedTuple):
    """One key that one agent holds, and the value it gave with it."""

    key: Any
    ref: Any
    value: Any


class Table:
    """Entries in the order they were made. What concerns one holder of one key costs the same among 100,000 others.

    Keys are compared by type and value: 1, 1.0 and True are three keys (REG-4). With `unique` a key has one holder
    at most; without, any number, and the same holder may have it several times, each an entry (REG-1).
    Methods that take a key raise `OptionError` if it is not hashable.
    """

    __slots__ = ("_by_key", "_by_ref", "_made", "unique")

    def __init__(self, unique: bool) -> None:
        self.unique = unique
        self._made = 0
        self._by_key: dict[object, dict[int, Entry]] = {}  # the entries of each key, numbered
        self._by_ref: dict[Any, dict[object, list[int]]] = {}  # the keys of each holder, and their numbers

    def __len__(self) -> int:
        return sum(map(len, self._by_key.values()))

    def __iter__(self) -> Iterator[Entry]:
        return iter(_in_order([pair for rows in self._by_key.values() for pair in rows.items()]))

    def add(self, key: object, ref: Any, value: object = None) -> None:
        """Make an entry. Raises `AlreadyRegistered` if the key is unique and held, be it by `ref` itself (REG-2)."""
        strict = strictly(key)
        rows = self._by_key.get(strict)
        if rows is None:
            rows = self._by_key[strict] = {}
        elif self.unique:
            raise AlreadyRegistered(key, next(iter(rows.values())).ref)
        self._made += 1
        rows[self._made] = Entry(key, ref, value)
        self._by_ref.setdefault(ref, {}).setdefault(strict, []).append(self._made)

    def entries(self, key: object) -> list[Entry]:
        """The entries under a key."""
        return list(self._by_key.get(strictly(key), {}).values())

    def first(self, key: object) -> Entry | None:
        """The oldest entry under a key, which is the only one if keys are unique; None if there is none."""
        rows = self._by_key.get(strictly(key))
        return next(iter(rows.values())) if rows is not None else None

    def keys(self) -> list[Any]:
        """Every key that is held, once."""
        return [next(iter(rows.values())).key for rows in self._by_key.values()]

    def refs(self) -> list[Any]:
        """Every holder, once."""
        return list(self._by_ref)

    def of(self, ref: Any) -> list[Entry]:
        """The entries of one holder, oldest first."""
        held = self._by_ref.get(ref, {}).items()
        return _in_order(
            [(number, self._by_key[strict][number]) for strict, numbers in held for number in numbers]
        )

    def own(self, key: object, ref: Any) -> list[Entry]:
        """The entries of one holder under one key."""
        strict = strictly(key)
        return [self._by_key[strict][number] for number in self._by_ref.get(ref, {}).get(strict, ())]

    def holds(self, ref: Any) -> bool:
        """Whether `ref` has any entry."""
        return ref in self._by_ref

    def replace(self, key: object, ref: Any, value: object) -> None:
        """Give the entries of one holder under one key another value."""
        strict = strictly(key)
        rows = self._by_key.get(strict, {})
        for number in self._by_ref.get(ref, {}).get(strict, ()):
            rows[number] = rows[number]._replace(value=value)

    def remove(
        self,
        key: object,
        ref: Any,
        test: Callable[[Any], object] | None = None,
        most: int | None = None,
    ) -> list[Entry]:
        """Remove entries of one holder under one key, and return them; those of others stay (REG-7).

        `test` is given the value and says whether the entry is to go; `most` is how many may. If `test` raises,
        nothing has changed.
        """
        strict = strictly(key)
        rows = self._by_key.get(strict, {})
        numbers = self._by_ref.get(ref, {}).get(strict, ())
        chosen = [number for number in numbers if test is None or test(rows[number].value)][:most]
        gone = [rows[number] for number in chosen]
        for number in chosen:
            self._drop(strict, ref, number)
        return gone

    def forget(self, ref: Any) -> list[Entry]:
        """Remove every entry of a holder, and return them."""
        numbered: list[tuple[int, Entry]] = []
        for strict, numbers in self._by_ref.pop(ref, {}).items():
            rows = self._by_key[strict]
            numbered += ((number, rows.pop(number)) for number in numbers)
            if not rows:
                del self._by_key[strict]
        return _in_order(numbered)

    def _drop(self, strict: object, ref: Any, number: int) -> None:
        """Remove one entry, and what would be empty without it."""
        rows, held = self._by_key[strict], self._by_ref[ref]
        del rows[number]
        held[strict].remove(number)
        if not rows:
            del self._by_key[strict]
        if not held[strict]:
            del held[strict]
        if not held:
            del self._by_ref[ref]


def strictly(key: object) -> object:
    """What stands for `key` in a dict, where 1, 1.0 and True are three (REG-4). Raises `OptionError`."""
    try:
        hash(key)
    except TypeError:
        raise OptionError("key", "a hashable value", key) from None
    return identity(key)


def _in_order(numbered: list[tuple[int, Entry]]) -> list[Entry]:
    return [entry for _, entry in sorted(numbered, key=lambda pair: pair[0])]
