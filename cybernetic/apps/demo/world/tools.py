"""The tools that every company has: the provider of language, the search tool and its slow fallback, hands."""

import asyncio
from dataclasses import dataclass

from cybernetic.apps.demo.world.luck import Luck
from cybernetic.apps.demo.world.plan import DIVISIONS, Plan

LIMIT, BURST = 60.0, 5.0  # provider: calls a minute, and at once
WRITING, PRICE, CEILING = 3.0, 0.13, 0.25  # seconds and dollars of a call, and the most that one is let take
TOKENS = 2.0e-4  # dollars each
SEARCHING, LOOKUPS, SEARCH_PRICE = 0.8, 2, 0.005  # seconds, look-ups and dollars of a search
SLOWLY, ARCHIVE_PRICE = 1.6, 0.005  # the fallback
WRONG, LYING = 0.01, 0.2  # of all searches, and while the tool lies
HANDLING, HANDS = 14.0, 24  # seconds of a job with eight hands in its division, and hands of all
LEAD = 240.0  # seconds until hands that are told to go have gone


class TooMany(Exception):
    """HTTP's 429: `retry_after` seconds."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"429: retry after {retry_after:.1f} s")
        self.retry_after = retry_after


class Away(Exception):
    """HTTP's 503: the provider is not there."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the provider wrote, and what it took."""

    text: str
    usd: float

    @property
    def tokens(self) -> float:
        """Taken by the call."""
        return self.usd / TOKENS


@dataclass(frozen=True, slots=True)
class Fact:
    """What a search found; whether it is true nobody sees."""

    text: str
    usd: float


class Provider:
    """Takes sixty calls a minute, five at once, for its price; beyond that it answers 429, and sometimes not at all."""

    def __init__(self, luck: Luck, plan: Plan) -> None:
        self._luck, self._outage = luck, plan.of("outage")
        self._left, self._then = BURST, float("-inf")
        self.refused = 0

    async def complete(self, job: str, attempt: int, at: float) -> Reply:
        """Write something, at second `at` of the hour. Raises `TooMany`, `Away`."""
        luck, key = self._luck, (job, attempt)
        if self._outage is not None and self._outage.on(at):
            await asyncio.sleep(1.0)
            raise Away("503: the provider is away")
        self._left = BURST if self._then < -1e9 else min(BURST, self._left + (at - self._then) * LIMIT / 60.0)
        self._then = at
        if self._left < 1.0 - 1e-9:
            self.refused += 1
            await asyncio.sleep(0.2)
            raise TooMany((1.0 - self._left) * 60.0 / LIMIT)
        self._left -= 1.0
        await asyncio.sleep(luck.lognormal(WRITING, 0.5, "writing", *key))
        usd = round(min(CEILING, luck.lognormal(PRICE, 0.35, "price", *key)), 6)
        return Reply(luck.word("text", *key), usd)


class Search:
    """The search tool: quick, cheap, and since some moment silently wrong; and the archive, which is neither."""

    def __init__(self, luck: Luck, plan: Plan) -> None:
        self._luck, self._lie = luck, plan.of("lie")

    async def find(self, job: str, attempt: int, at: float) -> Fact:
        """Look two things up. It says that all is well."""
        await asyncio.sleep(self._luck.lognormal(SEARCHING, 0.4, "searching", job, attempt))
        bad = LYING if self._lie is not None and self._lie.on(at) else WRONG
        wrong = self._luck.uniform("wrong", job, attempt) < bad
        return Fact(self._luck.word("rumour", job, attempt) if wrong else self.truth(job), SEARCH_PRICE)

    async def look_up(self, job: str, attempt: int) -> Fact:
        """The same in the archive: slow, and right."""
        await asyncio.sleep(self._luck.lognormal(SLOWLY, 0.4, "archive", job, attempt))
        return Fact(self.truth(job), ARCHIVE_PRICE)

    def truth(self, job: str) -> str:
        """What is so."""
        return self._luck.word("truth", job)


class Hands:
    """Helpers, who are lent to divisions: the more there are, the quicker a job is finished. To move takes a while."""

    def __init__(self, luck: Luck) -> None:
        self._luck = luck
        each = HANDS // len(DIVISIONS)
        self.at = dict.fromkeys(DIVISIONS, each)
        self.planned = dict.fromkeys(DIVISIONS, each)
        self.moves = 0

    async def finish(self, job: str, division: str) -> None:
        """What is left of a job when it is written."""
        share = HANDS / len(DIVISIONS) / max(1, self.at[division])
        await asyncio.sleep(self._luck.lognormal(HANDLING, 0.3, "hands", job) * share)

    def move(self, count: int, source: str, target: str) -> int:
        """Tell some to go from one division to another; two stay at least. How many go."""
        count = min(count, self.planned[source] - 2)
        if count > 0:
            self.planned[source] -= count
            self.planned[target] += count
            self.moves += count
            asyncio.get_running_loop().call_later(LEAD, self._arrive, count, source, target)
        return max(0, count)

    def _arrive(self, count: int, source: str, target: str) -> None:
        self.at[source] -= count
        self.at[target] += count
