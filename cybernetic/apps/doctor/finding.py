"""What a check found. Values only."""

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's.

    Attributes:
        level: "ok"; "warn": something is not offered here; "fail": programs will not work.
        what: what was looked at.
        text: how it is.
        remedy: what to do about it; empty where nothing is wrong.
    """

    level: Level
    what: str
    text: str
    remedy: str = ""

    def line(self) -> str:
        """It as a line of text."""
        return f"{self.level:<4}  {self.what}: {self.text}" + (f" -> {self.remedy}" if self.remedy else "")


def status(findings: list[Finding]) -> int:
    """The exit status: 1 if one of them is a failure."""
    return int(any(finding.level == "fail" for finding in findings))


def version_finding(what: str, expected: str, got: str | None) -> Finding:
    """A package's version: `expected` exactly, or any if that is empty; `got` is None when it is missing."""
    if got is None:
        return Finding("fail", what, "is not installed", f"pip install {what}{expected and '==' + expected}")
    if expected and got != expected:
        return Finding("fail", what, f"expected {expected}, got: {got}", f"pip install {what}=={expected}")
    return Finding("ok", what, got)


def lag_finding(seconds: float) -> Finding:
    """How late the event loop came, at worst."""
    text = f"{seconds * 1000:.1f} ms late at worst"
    if seconds < 0.05:
        return Finding("ok", "event loop", text)
    return Finding("warn", "event loop", text, "the machine is busy; heartbeats and deadlines suffer from it")
