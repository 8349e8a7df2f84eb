"""The whole pipeline for one index: transform, filter, compare with plan, judge, and mute what cannot be
believed.
"""

from collections import deque
from dataclasses import replace
from itertools import islice
from math import sqrt
from statistics import median
from typing import NamedTuple

from cybernetic.core import OptionError, number, whole
from cybernetic.vsm.checks import instance
from cybernetic.vsm.cyberstride.diagnostics import Health, HealthLimits, examine, fault
from cybernetic.vsm.cyberstride.forecast import Forecast
from cybernetic.vsm.cyberstride.harrison import HarrisonStevens
from cybernetic.vsm.cyberstride.indices import Index
from cybernetic.vsm.cyberstride.plan import Attention, Thresholds, attend
from cybernetic.vsm.cyberstride.presets import preset
from cybernetic.vsm.cyberstride.reading import Reading
from cybernetic.vsm.cyberstride.regimes import RegimeModel
from cybernetic.vsm.cyberstride.times import Times
from cybernetic.vsm.cyberstride.variance import Learning, first_guess, resolved

_FIRST = 8  # data before a first guess at V
_LATEST = 64  # data from which it is guessed anew
_KEPT, _STEPS = 16, 7  # differences of differences that tell of a rounding: a spike makes three
_AGE = 640  # data after which they tell nothing: what is left of a few spikes long ago is no rounding
_SELDOM = 3  # alerts within that many data: more are no exception
_ONSET = 3  # data for which wrong errors may be those of an alert that is about to be raised
_SAME = 16  # data after which an alert that is over has not just flickered
_AWAY = 30.0  # deviations: what is less far off leaves too little in the level to matter
_STILLER = 0.5  # of V: by chance it seldom falls so far while an alert stands
_MOST, _WIDEST = 1e200, 1e100  # V, in squared units, and data that differ by less
_DUST = 1e-14  # of a datum: what differs by less is the same but for how floats are rounded
_VALUE = ("y", "level", "series")  # what a value is called where it is computed with
_LEARNING, _THRESHOLDS, _LIMITS = Learning(), Thresholds(), HealthLimits()


class Judgement(NamedTuple):
    """What is thought of an index after a datum."""

    reading: Reading | None
    """The filter's, on the scale of the index's transform; None while it has not begun."""
    level: float | None
    """Its level, in the unit of the index."""
    attention: Attention
    """What the index asks for; QUIET while muted."""
    standing: int
    """For how many further data the alert has stood: 0 at its first, and when there is none."""
    pages: bool
    """Whether the alert has stood for long enough to page a human."""
    better: bool | None
    """Whether the level is on the good side of plan; None without a plan."""
    breach: str | None
    """Which limit the datum itself passed: "low", "high", or None. Muting does not hide it."""
    muted: str | None
    """Why the index is not listened to; None when it is."""


class Gauge:
    """Watches one index. Feed it the values, in the unit of the index; it keeps its state between them.

    `index`: what is watched; its plan is what the level is compared with. `model`: as for
    `HarrisonStevens`. `variance`: V on the scale of the index's transform. None: guessed from the first
    eight data, or as many more until they differ, and learnt from there. `learning`: how it is learnt; None with a
    `variance` takes that as known. `thresholds`: where attention begins. `limits`: which errors are good enough.
    `settle`: for how many data an index of learnt V is muted first, and at least until its errors can be judged
    (`limits.least`). `period`: the usual time between data, in the units of `at`. Raises `OptionError` for anything
    else.

    Data that seldom differ, as counts of what is rare, and are again what they were after one or a few that were far
    off, are judged as if those had not been: a page needs a level that lasts. Where such an index, mostly 0 until then,
    has events at random in a tenth to half of its data from then on, it is again what it was time and again, and pages
    late or never. Feed counts of such events instead, of twenty data each, say, with the usual count for a plan, and
    tell what their V is: `Gauge(Index(name, plan=usual, transform="anscombe"), variance=1.0, learning=None)`.

    A learnt V is never less than the rounding that the data show, nor falls while an alert stands whose data stand
    still; it is again what it was before when an alert is over, where that is far more; and errors made by an alert
    that is over do not count against the index's health, unless it has many. Where errors are too large for as long as
    it takes to judge them, V was lost, or is another one: it is guessed anew from the latest data, and the filter
    begins again, muted until it has settled; but an alert that stands is judged on, and is not muted before it is over.
    """

    __slots__ = (
        "_again",
        "_attention",
        "_before",
        "_ends",
        "_faulty",
        "_filter",
        "_first",
        "_held",
        "_latest",
        "_learning",
        "_model",
        "_over",
        "_scale",
        "_settled",
        "_side",
        "_since",
        "_standing",
        "_steps",
        "_times",
        "_usual",
        "_wrong",
        "data",
        "health",
        "index",
        "limits",
        "settle",
        "thresholds",
    )

    def __init__(
        self,
        index: Index,
        *,
        model: RegimeModel | str = "default",
        variance: float | None = None,
        learning: Learning | None = _LEARNING,
        thresholds: Thresholds = _THRESHOLDS,
        limits: HealthLimits = _LIMITS,
        settle: int = 60,
        period: float = 1.0,
    ) -> None:
        instance("index", index, Index)
        instance("thresholds", thresholds, Thresholds)
        instance("limits", limits, HealthLimits)
        if variance is None and learning is None:
            raise OptionError("variance", "a number > 0 where it is not learnt", variance)
        self.index, self.thresholds, self.limits = index, thresholds, limits
        self.settle = whole("settle", settle) if learning is not None else 0
        self._settled = max(self.settle, limits.least) if learning is not None else 0
        self.data, self.health = 0, Health()
        self._scale = index.scale
        self._model = preset(model) if isinstance(model, str) else instance("model", model, RegimeModel)
        self._learning = None if learning is None else instance("learning", learning, Learning)
        self._times = Times(period)
        self._first: list[float] = []
        self._latest: deque[float] = deque(maxlen=_LATEST)
        self._before: Health | None = None  # before the alert that stands
        self._usual = 0.0  # V before that alert
        self._held = 0.0  # V as the data of the alert began to stand still; 0: they do not
        self._ends: deque[int] = deque(maxlen=_SELDOM)  # at which data alerts were over
        self._over = -_SAME - 1  # at which datum the latest was over
        self._side = 0  # of plan, on which it stood
        self._again = False  # whether the one that stands is that one, come back
        self._steps: deque[tuple[int, float]] = deque(maxlen=_KEPT)  # at which datum, and how large they were
        self._faulty = self._since = 0  # data since errors are too large, and since V was guessed
        self._wrong = 0  # data since errors are wrong in any way
        self._attention = Attention.QUIET
        self._standing: int | None = None  # None: no alert
        self._filter: HarrisonStevens | None = None
        if variance is not None:
            self._filter = self._begin(variance, None, None)

    def update(self, value: float | None, at: float | None = None) -> Judgement:
        """Take the next value of the index; None when it is missing. `at` is its time, as for
        `HarrisonStevens`.

        Raises `OptionError` when `value` is not finite or not one the index can have, or the times do not
        increase, or where `value` lies too far from the data before it to compute with; the gauge is then as it was
        before.
        """
        try:
            return self._judged(value, at)
        except OptionError as error:
            if error.name not in _VALUE:
                raise
            raise OptionError("value", error.expected, value) from None

    def forecast(self, periods: float = 1.0, *, changes: bool = False) -> Forecast | None:
        """The datum `periods` ahead, on the scale of the index's transform, as `HarrisonStevens.forecast` has it; None
        while the filter has not begun. A quantile of the index itself: `index.scale.backward(forecast.quantile(q))`.

        Raises `OptionError` when `periods` is not > 0.
        """
        number("periods", periods, above=0.0)
        if self._filter is None or self.data == 0:
            return None
        return self._filter.forecast(periods, changes=changes)

    def _judged(self, value: float | None, at: float | None) -> Judgement:
        y = breach = None
        if value is not None:
            y, breach = self._scale.forward(number("value", value)), self.index.breach(value)
        self._times.since_last(at)
        if self._filter is None or (self.data == 0 and y is None):
            unheard = self._unheard(y, breach, at)
            self._times.note(at)
            return unheard
        one = self._filter if y is None else self._as_it_stood(self._filter, y)
        reading = one.update(y, at)
        self._filter = one
        self._times.note(at)
        self.data, self._since = self.data + (y is not None), self._since + (y is not None)
        error = reading.error if y is not None else None
        if self._standing is None:
            self._before, self._usual = self.health, reading.variance
        self.health = examine(self.health, error, self.limits.forget)
        if y is not None and self._learning is not None:
            self._resolve(y)
        muted = self._muted(y is not None)
        attention = self._attention
        if muted is not None:
            attention, self._before = Attention.QUIET, None
        elif y is not None:  # no news is not good news: a gap leaves attention as it was
            attention = attend(reading.change, reading.z_plan, self.thresholds)
        self._stand(attention, y is not None, reading.z_plan or 0.0)
        self._hold(reading.variance)
        return Judgement(
            reading,
            self._scale.backward(reading.level),
            attention,
            self._standing or 0,
            self._standing is not None and self._standing >= self.thresholds.page_after,
            None if reading.z_plan is None else (reading.z_plan < 0.0) == self.index.cost,
            breach,
            muted,
        )

    def _begin(self, variance: float, level: float | None, at: float | None) -> HarrisonStevens:
        plan = self.index.plan
        return HarrisonStevens(
            self._model,
            variance=variance,
            learning=self._learning,
            plan=None if plan is None else self._scale.forward(plan),
            level=level,
            period=self._times.period,
            at=at,
        )

    def _unheard(self, y: float | None, breach: str | None, at: float | None) -> Judgement:
        """Before the filter has begun: gather data until V can be guessed."""
        if y is not None:
            first = [*self._first, y]
            if self._filter is None and self._learning is not None and self._tells(first):
                self._filter = self._begin(first_guess(first, self._learning.least), median(first), at)
            self._first = first if self._filter is None else []
            self.data, self._since = self.data + 1, self._since + 1
            self._resolve(y)
            self._hold(0.0)
        muted = f"guessing the variance: {self.data} of {_FIRST} data" if self.data else "no data yet"
        return Judgement(None, None, Attention.QUIET, 0, False, None, breach, muted)

    def _tells(self, first: list[float]) -> bool:
        """Whether V can be guessed from these: data that are all the same tell nothing, for a while."""
        return len(first) >= max(_FIRST, self.settle) or (len(first) >= _FIRST and min(first) < max(first))

    def _resolve(self, y: float) -> None:
        """Remember the datum, and by how little data differ: V is not less than what that rounding makes. It is their
        differences that are compared: data that grow by as much each time are not rounded to that.
        """
        latest, steps = self._latest, self._steps
        step = abs(y - 2.0 * latest[-1] + latest[-2]) if len(latest) > 1 else 0.0
        latest.append(y)
        if _DUST * abs(y) < step < _WIDEST:
            steps.append((self.data, step))
        while steps and steps[0][0] <= self.data - _AGE:
            steps.popleft()

    def _as_it_stood(self, one: HarrisonStevens, y: float) -> HarrisonStevens:
        """The filter; begun anew where data that seldom differ are again what most of the latest were, after one or a
        few that were far off, but not after a level that lasted for half of those. V is next to nothing then, and by so
        small deviations even the trace that a spike leaves in the level is far from plan.
        """
        learning = self._learning
        if learning is None or len(self._steps) >= _STEPS:
            return one
        lately = list(islice(reversed(self._latest), _SAME))
        if 2 * lately.count(y) <= _SAME or abs(y - lately[0]) <= _AWAY * sqrt(one.variance):
            return one
        try:
            anew = self._begin(one.variance, y, self._times.last)
        except OptionError:  # V is too small to begin with, so far from 0
            return one
        anew.suppose(one.variance, 1.0 / (1.0 - learning.forget))  # known from all that is remembered
        return anew

    def _hold(self, variance: float) -> None:
        """Keep V from falling below what a rounding makes and, while the data of an alert stand still, what it was when
        they began to: they say nothing about the noise of what comes after a repair.
        """
        if self._filter is None or self._learning is None:
            return
        self._held = (self._held or variance) if self._still() else 0.0
        rounding = resolved(min(step for _, step in self._steps)) if len(self._steps) >= _STEPS else 0.0
        floor = min(max(self._learning.least, rounding, self._held), _MOST)
        if self._filter.learning is not None and floor != self._filter.learning.least:
            self._filter.learning = replace(self._learning, least=floor)

    def _still(self) -> bool:
        """Whether an alert stands, of data that are all the same for a while."""
        return self._standing is not None and len(set(islice(reversed(self._latest), _FIRST))) == 1

    def _muted(self, came: bool) -> str | None:
        """Why the index is not listened to. Errors that are too small only understate how far it is from plan: they are
        no reason; and the first that are wrong may be those of an outage. An alert that stands is not silenced by
        errors it may have made itself: after a change they are soon as they were. Nor, where V is learnt, is one that
        came back already on its side of plan, and just flickers. Those that are too large for longer it did not make:
        where V is guessed anew for them, it is judged by the new one at once, and the index settles when the alert is
        over.
        """
        learnt, lasts = min(self._since, self.health.data), self._lasts()
        if learnt < self._settled and not lasts:
            self._wrong = _ONSET
            return f"learning the variance: {learnt} of {self._settled} data"
        wrong = self._mistaken(came)
        if self._faulty >= self.limits.least:
            if self._learning is not None and self._anew(self._learning):
                return None if lasts else f"learning the variance anew: 0 of {self._settled} data"
            return wrong
        flickers = lasts and self._again and self._learning is not None
        return None if self._standing is not None or flickers or self._wrong <= _ONSET else wrong

    def _mistaken(self, came: bool) -> str | None:
        """What is wrong with the errors, and for how many data it has been so."""
        low, high = self.limits.ratio
        wrong = None if self.health.ratio < low else fault(self.health, self.limits)
        large = wrong is not None and self.health.ratio > high
        self._faulty = self._faulty + came if large else 0
        self._wrong = self._wrong + came if wrong is not None else 0
        return wrong

    def _anew(self, learning: Learning) -> bool:
        """V was lost, or is another one: guess it from the latest data, and begin again, where they tell it."""
        latest = [*self._latest]
        if len(latest) < _FIRST or max(latest) - min(latest) >= _WIDEST:
            return False
        variance, level = first_guess(latest, learning.least), median(latest[-_FIRST:])
        try:
            self._filter = self._begin(variance, level, self._times.last)
        except OptionError:  # they hardly differ, so far from 0
            return False
        self._steps.clear()
        self._before = None
        self.health = Health()
        self._faulty = self._since = 0
        return True

    def _lasts(self) -> bool:
        """Whether an alert stands, or was over so lately that it may come back."""
        return self._standing is not None or self.data - self._over <= _SAME

    def _stand(self, attention: Attention, came: bool, off: float) -> None:
        """Remember the attention, and count for how many further data an alert stands: `off` plan."""
        self._attention = attention
        if attention >= Attention.ALERT:
            if self._standing is None:
                side = (off > 0.0) - (off < 0.0)
                self._again = side == self._side != 0 and self._lasts()
                self._side = side
            self._standing = 0 if self._standing is None else self._standing + came
            return
        if self._standing is not None:
            self._over = self.data
            if self._before is not None:
                self._recover(self._before)
                self._restore()
        elif came and off * self._side < 0.0:  # back at plan: what comes then is another one
            self._side, self._again = 0, False
        self._standing = None

    def _recover(self, before: Health) -> None:
        """After an alert: the errors that a change and its end made say nothing about the index, which is as healthy as
        it was before. Where that happens all the time, it is what the index is like; one that comes back at once is
        still the same.
        """
        ends = self._ends
        if not self._again:
            if len(ends) == _SELDOM and ends[0] > self.data - _AGE:
                self._side = 0
                return
            ends.append(self.data)
        self.health = before._replace(last=None, data=self.health.data)

    def _restore(self) -> None:
        """After an alert: V as it was before, if not known as well, where the data of the alert were stiller by far."""
        one, learning, usual = self._filter, self._learning, min(self._usual, _MOST)
        if one is not None and learning is not None and one.variance < _STILLER * usual:
            one.suppose(usual, learning.trust)
