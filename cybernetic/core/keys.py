"""Which values count as the same key: 1, 1.0 and True are three (statement REG-4)."""


def identity(value: object) -> object:
    """What stands for `value` in a dict, where 1, 1.0 and True are to be three keys (REG-4)."""
    kind = type(value)
    if kind is str or kind is int:  # by far the most, and equal to nothing that is returned below
        return value
    return kind, tuple(map(identity, value)) if type(value) is tuple else value
