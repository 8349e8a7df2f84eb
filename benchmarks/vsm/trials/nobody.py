"""A human who is paged in trials and does not come: a trial that counts pages has one of its own."""

from cybernetic.vsm import Page, PainKey


class Nobody:
    """A sink for pages."""

    def page(self, page: Page) -> None:
        """Does not come."""

    def resolve(self, key: PainKey) -> None:
        """Does not mind."""
