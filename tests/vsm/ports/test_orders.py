"""What a unit goes by: the policies that it knows, and later ones of its level."""

from typing import Any

from cybernetic.vsm.books.books import Books
from cybernetic.vsm.governance.messages import PolicyUpdate
from cybernetic.vsm.ports.orders import Orders

FIRST, SECOND = PolicyUpdate(1, (), 7), PolicyUpdate(2, (), 7)


class Kept:
    """Books that keep what is saved last, by key."""

    def __init__(self) -> None:
        self.kept: dict[str, Any] = {}

    async def call(self, method: Any, key: str, *value: Any) -> Any:
        """Load or save."""
        if method is Books.load:
            return self.kept.get(key)
        (self.kept[key],) = value
        return None


async def test_what_a_unit_has_acknowledged_it_goes_by_also_where_it_read_it_from_its_level() -> None:
    books: Any = Kept()
    for said, expected in ((None, FIRST), (SECOND, SECOND), (None, SECOND), (FIRST, SECOND)):

        async def rules(said: PolicyUpdate | None = said) -> PolicyUpdate | None:
            return said

        orders = Orders("shop/w", books, ())
        await orders.begin(rules)
        await orders.adopt(expected)
        assert orders.acting == expected.edition
