"""What a program declares, put in force in a book that outlives it: beside what was amended by hand since."""

from collections.abc import Iterable
from dataclasses import replace

from cybernetic.vsm.decisions.policy import Policy
from cybernetic.vsm.decisions.rulebook import Amendment, Rulebook

DECLARED, GONE = "declared", "not declared any more"  # why the program changes something


def redeclared(book: Rulebook, policies: Iterable[Policy], now: float) -> Rulebook:
    """The book where the program declares these `policies` at `now` (seconds; a clock that was set back is no reason to
    fail): what differs from what it declared before is adopted or retired.

    What was amended by hand since stays, unless a newer version of it is declared than there ever was. A wording that
    was there already gets a new version, as by a rollback. The function of one that stays is the one that is declared:
    it may have got another name.
    """
    at, names = after(book, now), set[str]()
    for policy in policies:
        names.add(policy.name)
        last = _last(book, policy.name)
        if policy.version > book.version(policy.name):
            book = book.adopt(policy, at, DECLARED)
        elif last is not None and last.policy is not None and _stands_for(last, policy):
            book = _worded(book, last, replace(policy, version=last.policy.version))
        elif last is not None and not by_hand(last):
            again = replace(policy, version=book.version(policy.name) + 1)
            book = book.adopt(again, at, DECLARED, policy.version)
    for policy in book.policies:
        last = _last(book, policy.name)
        if policy.name not in names and last is not None and not by_hand(last):
            book = book.retire(policy.name, at, GONE)
    return book


def after(book: Rulebook, now: float) -> float:
    """When something is changed at `now`: not before the last change, whatever the clock says since."""
    return max([now, *(one.at for one in book.amendments[-1:])])


def by_hand(change: Amendment) -> bool:
    """Whether a person made a change, not the program."""
    return change.why not in (DECLARED, GONE)


def said(why: str) -> str:
    """Why a person changes something: never what the program says."""
    return f"{why}, by hand" if why in (DECLARED, GONE) else why


def _last(book: Rulebook, name: str) -> Amendment | None:
    return next((one for one in reversed(book.amendments) if one.name == name), None)


def _stands_for(change: Amendment, policy: Policy) -> bool:
    """Whether the program put in force by it what it declares now."""
    version = change.restores or (change.policy and change.policy.version)
    return not by_hand(change) and version == policy.version


def _worded(book: Rulebook, change: Amendment, policy: Policy) -> Rulebook:
    kept = (replace(one, policy=policy) if one is change else one for one in book.amendments)
    return Rulebook(tuple(kept))
