"""Tracebacks without their frames: what happened where, at a fraction of the cost, and keeping nothing alive."""

import traceback
from collections.abc import Iterator
from types import CodeType

Step = tuple[CodeType, int | None]
Last = list[str] | tuple[type, str]  # an exception's last lines, or what they are made of
Link = tuple[str, tuple[Step, ...], Last]  # how it follows from the one after it, where, its last lines

_CAUSE = "\nThe above exception was the direct cause of the following exception:\n\n"
_CONTEXT = "\nDuring handling of the above exception, another exception occurred:\n\n"
_LONGEST_CHAIN = 16


class Trail:
    """Where an exception, and what led to it, was raised; `format` makes the text when somebody wants to read it.

    Taking the trail costs about a microsecond and strips the exception of its frames: these would keep the agent
    that raised it alive for as long as anyone keeps its reason (OTP statement PY-7).
    """

    __slots__ = ("_links",)

    def __init__(self, error: BaseException) -> None:
        if error.__cause__ is None and error.__context__ is None:  # by far the most
            self._links: list[Link] = [("", _steps(error), _last_lines(error))]
        else:
            self._links = [(joint, _steps(one), _last_lines(one)) for one, joint in _chain(error)]

    def format(self) -> str:
        """The text Python itself would show."""
        return "".join(
            "".join(
                (
                    "Traceback (most recent call last):\n",
                    *traceback.StackSummary.from_list(
                        [(code.co_filename, line or 0, code.co_name, None) for code, line in steps]
                    ).format(),
                    *(last if isinstance(last, list) else (_last_line(*last),)),
                    joint,
                )
            )
            for joint, steps, last in reversed(self._links)
        )


def said(error: BaseException) -> str:
    """The exception's message, whatever its `__str__` does."""
    try:
        return str(error)
    except Exception as worse:
        return f"<its __str__ raised {type(worse).__name__}>"


def _chain(error: BaseException) -> Iterator[tuple[BaseException, str]]:
    """The exception and what led to it, newest first, each with the words that join it to the newer one."""
    seen: set[int] = set()
    current: BaseException | None = error
    joint = ""
    while current is not None and id(current) not in seen and len(seen) < _LONGEST_CHAIN:
        seen.add(id(current))
        yield current, joint
        if current.__cause__ is not None:
            current, joint = current.__cause__, _CAUSE
        else:
            joint = _CONTEXT
            current = None if current.__suppress_context__ else current.__context__


def _steps(error: BaseException) -> tuple[Step, ...]:
    steps: list[Step] = []
    place, error.__traceback__ = error.__traceback__, None
    while place is not None:
        steps.append((place.tb_frame.f_code, place.tb_lineno))
        place = place.tb_next
    return tuple(steps)


def _strip(error: BaseException) -> None:
    """Take the frames from what a group holds."""
    error.__traceback__ = None
    for inner in getattr(error, "exceptions", ()):
        _strip(inner)


def _last_line(kind: type, text: str) -> str:
    module = "" if kind.__module__ in ("builtins", "__main__") else f"{kind.__module__}."
    return f"{module}{kind.__qualname__}: {text}\n" if text else f"{module}{kind.__qualname__}\n"


def _last_lines(error: BaseException) -> Last:
    if type(error).__str__ is BaseException.__str__ and not hasattr(error, "__notes__"):
        return type(error), str(error)
    if isinstance(error, BaseExceptionGroup):
        lines = traceback.format_exception(type(error), error, None, chain=False)
        _strip(error)
        return lines
    return traceback.format_exception_only(error)
