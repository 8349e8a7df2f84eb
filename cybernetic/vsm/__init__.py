"""The viable system: systems 1 to 5, their channels, and the mathematics they stand on."""

__all__: tuple[str, ...] = ()
