"""Facts, who asserted them, and the periods for which they were asserted: plain values that may travel."""

from typing import Any, NamedTuple

from cybernetic.core import OptionError, number
from cybernetic.crdt import Stamp, checked_stamp
from cybernetic.state.graph.terms import Value, text, value_of
from cybernetic.wire import register

ENDINGS = ("replaced", "removed", "expired")


class Fact(NamedTuple):
    """That `subject` stands in the relation `predicate` to `object`.

    The constructor checks nothing; `fact_of` does, and so does every fact that arrives.

    Arguments:
        subject: a text of 1 to 1000 characters.
        predicate: likewise.
        object: a text of 1 to 10,000 characters, which may be the subject of other facts; a whole number of 64
            bits, a finite number, or True or False. 1, 1.0 and True are three objects.
    """

    subject: str
    predicate: str
    object: Value


class Assertion(NamedTuple):
    """That somebody says so.

    Arguments:
        fact: what is said.
        who: the source, a text of 1 to 1000 characters. A fact has at most one assertion of each.
        at: when it was said.
        cause: because of what, a text of 1 to 1000 characters; None: not told.
        confidence: how sure the source is, 0 to 1.
        until: seconds since 1970 at which it stops to hold; None: never.
    """

    fact: Fact
    who: str
    at: Stamp
    cause: str | None = None
    confidence: float = 1.0
    until: float | None = None


class Period(NamedTuple):
    """The time for which an assertion stood.

    Arguments:
        assertion: what was said.
        end: when that ended, which is at its `until` where it expired; None: it stands.
        how: "replaced" (by what the same source said next), "removed", "expired", or None.
        by: who removed it, or replaced it, a text; None where it expired.
        why: because of what, as they told.
    """

    assertion: Assertion
    end: Stamp | None = None
    how: str | None = None
    by: str | None = None
    why: str | None = None


def fact_of(subject: object, predicate: object, object: object) -> Fact:
    """The fact of these parts. Raises `OptionError` for one that is out of bounds."""
    return Fact(text("subject", subject), text("predicate", predicate), value_of("object", object))


def assertion_of(
    fact: object, who: object, at: object, cause: object, confidence: object, until: object
) -> Assertion:
    """The assertion of these parts. Raises `OptionError` for one that is out of bounds."""
    if not isinstance(fact, Fact):
        raise OptionError("fact", "a Fact", fact)
    if not isinstance(at, Stamp):
        raise OptionError("at", "a Stamp", at)
    return Assertion(
        fact_of(*fact),
        text("who", who),
        checked_stamp(*at),
        None if cause is None else text("cause", cause),
        confidence_of(confidence),
        None if until is None else number("until", until),
    )


def confidence_of(value: object) -> float:
    """`value` as a confidence. Raises `OptionError`."""
    sure = number("confidence", value, least=0.0)
    if sure > 1.0:
        raise OptionError("confidence", "a number from 0 to 1", value)
    return sure


def _period(assertion: Any, end: Any, how: Any, by: Any, why: Any) -> Period:
    if not isinstance(assertion, Assertion):
        raise OptionError("assertion", "an Assertion", assertion)
    return Period(assertion, end, how, by, why)


register(Fact, "state.Fact", encode=tuple, decode=fact_of)
register(Assertion, "state.Assertion", encode=tuple, decode=assertion_of)
register(Period, "state.Period", encode=tuple, decode=_period)
