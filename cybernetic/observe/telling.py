"""What stands in the log of a level, in plain words: one entry, one line."""

import re
from collections.abc import Mapping
from typing import Any

from cybernetic.observe.views import Said

_KEY = re.compile(r"PainKey\(path='([^']*)', index='([^']*)', cause='([^']*)'\)")
_PAIN = {
    "Noticed": "is noticed",
    "Raised": "climbs",
    "Paged": "a person is called",
    "Owned": "is taken over",
    "Heard": "is worked on",
    "AckRefused": "a word for it came too late or from the wrong one",
    "AckLost": "a word for it got lost",
    "Cleared": "is over",
    "Unanswered": "nobody answered the call",
    "Folded": "many pains are told as one",
    "Pleased": "goes better than planned",
}


def told(entry: Any, level: str) -> Said:
    """The line for an `Entry` of the log of `level`."""
    return Said(
        entry.at,
        entry.path,
        entry.kind,
        _text(entry.kind, entry.body),
        entry.number,
        level,
        entry.root,
        entry.cause or "",
    )


def _text(kind: str, body: Any) -> str:
    if not isinstance(body, Mapping):
        return "" if body is None else _short(str(body))
    teller = _TELLERS.get(kind)
    return _short(teller(body)) if teller is not None else _short(_fields(body))


def _finding(body: Mapping[str, Any]) -> str:
    where = ", ".join(map(str, body.get("ports", ()))) or "its tools"
    return f"reported ok, verified wrong: {body.get('gap', 0.0):.0%} of the successes of {body.get('unit')}; {where}"


def _quarantine(body: Mapping[str, Any]) -> str:
    verb = "may be used again" if body.get("lifted") else "is taken out of use"
    return f"{body.get('port')} {verb}: {body.get('why')}"


def _intervention(body: Mapping[str, Any]) -> str:
    return f"{str(body.get('rung', '')).lower()} {body.get('unit')}: {body.get('why')}"


def _shift(body: Mapping[str, Any]) -> str:
    weights = body.get("weights") or {}
    shares = ", ".join(f"{unit.rpartition('/')[2]} {weight:.2f}" for unit, weight in sorted(weights.items()))
    return f"shares move: {shares or 'as declared'}; {body.get('why')}"


def _pain(body: Mapping[str, Any]) -> str:
    what = str(body.get("what", ""))
    found = _KEY.search(str(body.get("effect", body.get("key", ""))))
    where = f"{found[1]} {found[2]} ({found[3]})" if found else ""
    return f"{where} {_PAIN.get(what, what)}".strip()


def _page(body: Mapping[str, Any]) -> str:
    return f"a call could not be delivered: {body.get('failed')}"


def _ruling(body: Mapping[str, Any]) -> str:
    verb = "rules for" if body.get("do") else "rules against"
    return f"system 5 {verb} {body.get('issue')}: {body.get('why')}"


def _talk(body: Mapping[str, Any]) -> str:
    issue = getattr(body.get("proposal"), "issue", "a proposal")
    return (
        f"systems 3 and 4 on {issue}: {body.get('state')}, {spoken(str(body.get('change') or 'no change'))}"
    )


def _redone(body: Mapping[str, Any]) -> str:
    counts = {name: len(body.get(name) or ()) for name in ("good", "changed", "failed", "unknown")}
    told = ", ".join(f"{count} {name}" for name, count in counts.items() if count) or "nothing"
    return f"tasks of {body.get('unit')} are done again: {told}"


def _cleared(body: Mapping[str, Any]) -> str:
    return f"{body.get('unit')} is clean again: {body.get('audits')} audits since"


def spoken(change: str) -> str:
    """A change as it is said of weights, without the signs of a program: "weights orders 0.50, support 1.20"."""
    plain = re.sub(r"[{}']", "", change)
    plain = re.sub(r"\b[\w.-]+/(?=[\w./-]+:)", "", plain)
    return re.sub(r"([\w-]+): (\d+(?:\.\d+)?)", lambda found: f"{found[1]} {float(found[2]):.2f}", plain)


def _fields(body: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}: {value}" for name, value in body.items())


_TELLERS = {
    "finding": _finding,
    "quarantine": _quarantine,
    "intervention": _intervention,
    "shift": _shift,
    "pain": _pain,
    "page": _page,
    "ruling": _ruling,
    "talk": _talk,
    "redone": _redone,
    "cleared": _cleared,
}


def _short(text: str, most: int = 200) -> str:
    """One line, and not a long one."""
    flat = " ".join(text.split())
    return flat if len(flat) <= most else flat[: most - 1] + "…"
