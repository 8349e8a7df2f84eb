"""Arguments that the public entries of the mathematics accept: what is asked of a value that is there."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from cybernetic.core import Chance
from cybernetic.vsm.audit import AuditRecord, CusumDesign, Sampler, run_length
from cybernetic.vsm.bargain import Allocator, Budget, Claim, Price, Productivity, Worth
from cybernetic.vsm.cyberstride import (
    PRESETS,
    Bocpd,
    Capability,
    Cusum,
    Ewma,
    Gauge,
    HarrisonStevens,
    Index,
    Shewhart,
)
from cybernetic.vsm.damping import (
    Aimd,
    Engagement,
    FairQueue,
    FlapDamper,
    Flapping,
    Lease,
    LeaseTable,
    Member,
    Pacer,
    Shaping,
    SwingCounter,
)
from cybernetic.vsm.decisions import Allow, Rulebook, open_question
from cybernetic.vsm.homeostat import (
    Feasibility,
    Homeostat,
    Side,
    open_conversation,
)
from cybernetic.vsm.ladder import (
    Deadman,
    ErrorBurst,
    Ladder,
    Sensitivity,
)
from cybernetic.vsm.variety import Absorber, Carried, ChannelLoad, Measured, VarietyLedger
from tests.vsm.accepted import (
    CONTRACT,
    KEY,
    LEASES,
    LEDGER,
    NEWS,
    ONE,
    PAIN,
    PARTY,
    PROPOSAL,
    PURSE,
    QUESTION,
    SHARED,
    TOKEN,
    Arguments,
)


def _chart(chart: Any) -> tuple[Callable[[], Any], Arguments]:
    return (lambda: chart), {"state": chart.start(), "y": 1.0}


def _filter() -> HarrisonStevens:
    one = HarrisonStevens(variance=1.0, level=0.0)
    one.update(1.0, at=1.0)
    return one


def _gauge() -> Gauge:
    one = Gauge(Index("a"), variance=1.0)
    one.update(1.0, at=1.0)
    return one


CLIMBING = Ladder("acme", at=0.0).feel(PAIN, 0.0)[0]

# what is asked of a value that is there already
METHODS: dict[str, tuple[Callable[[], Any], Arguments]] = {
    "audit.AuditRecord.after": (lambda: AuditRecord(last=1.0), {"discrepant": False, "now": 2.0}),
    "audit.AuditRecord.standing": (lambda: AuditRecord(last=1.0), {"now": 2.0, "max_age": 60.0}),
    "audit.CusumDesign.drift": (CusumDesign, {"q": 0.1}),
    "audit.RunLength.quantile": (lambda: run_length(0.5, CusumDesign()), {"p": 0.5}),
    "audit.Sampler.inspection": (lambda: Sampler(bytes(16)), {"path": "a", "count": 1, "rate": 0.1}),
    "audit.Sampler.picks": (lambda: Sampler(bytes(16)), {"task": "a", "probability": 0.1}),
    "audit.Sampler.probability": (lambda: Sampler(bytes(16)), {"risk": 1.0, "gap": 0.1}),
    "bargain.Allocator.accept": (lambda: Allocator(PURSE, {}), {"contract": CONTRACT, "at": 1.0}),
    "bargain.Allocator.conclude": (lambda: Allocator(PURSE, {}), {"now": 1.0}),
    "bargain.Allocator.closed": (
        lambda: Allocator(replace(PURSE, ended=9), {"u": ONE}),
        {"unit": "u", "now": 1.0},
    ),
    "bargain.Allocator.expire": (lambda: Allocator(PURSE, {"u": ONE}).issue("u", ONE, 1.0)[0], {"now": 1.0}),
    "bargain.Allocator.issue": (
        lambda: Allocator(PURSE, {"u": ONE}),
        {"unit": "u", "grant": ONE, "now": 1.0},
    ),
    "bargain.Allocator.renewed": (
        lambda: Allocator(PURSE, {"a": ONE}),
        {"unit": "a", "purse": "x", "born": 1.0},
    ),
    "bargain.Allocator.kept_to": (lambda: Allocator(PURSE, {}), {"now": 1.0}),
    "bargain.Allocator.redeclared": (
        lambda: Allocator(PURSE, {}),
        {"declared": Allocator(PURSE, {}), "now": 1.0},
    ),
    "bargain.Allocator.told": (lambda: Allocator(PURSE, {}), {"now": 100.0}),
    "bargain.Allocator.reserve": (
        lambda: Allocator(PURSE, {}),
        {"key": "k", "upper": ONE, "now": 1.0, "until": 5.0},
    ),
    "bargain.Budget.epoch": (lambda: Budget(usd=1.0, per=60.0), {"now": 1.0}),
    "bargain.Claim.at": (lambda: Claim(1.0), {"level": 1.0}),
    "bargain.Ledger.aside": (lambda: LEDGER, {"key": "k", "most": ONE, "until": 5.0}),
    "bargain.Ledger.expire": (lambda: LEDGER.reserve("j", ONE, 0.0, 5.0).settle("i", ONE), {"now": 1.0}),
    "bargain.Ledger.reserve": (lambda: LEDGER, {"key": "k", "upper": ONE, "now": 1.0, "until": 5.0}),
    "bargain.Price.cost": (lambda: Price(0.1, 0.2), {"tokens_in": 1.0, "tokens_out": 1.0}),
    "bargain.Productivity.after": (lambda: Productivity(10.0), {"value": 1.0, "spent": 1.0}),
    "bargain.Purse.accept": (lambda: PURSE, {"contract": CONTRACT, "at": 1.0}),
    "bargain.Purse.clear": (lambda: PURSE, {"now": 1.0}),
    "bargain.Purse.epoch": (lambda: PURSE, {"now": 1.0}),
    "bargain.Purse.born": (lambda: PURSE, {"id": "x", "now": 1.0}),
    "bargain.Purse.conclude": (lambda: PURSE, {"now": 1.0, "patience": 5.0}),
    "bargain.Purse.expire": (lambda: PURSE.reserve("j", ONE, 1.0, 5.0)[0], {"now": 1.0}),
    "bargain.Purse.overrun": (lambda: PURSE, {"now": 1.0}),
    "bargain.Purse.redeclared": (lambda: PURSE, {"per": 30.0, "floor": ONE, "now": 1.0}),
    "bargain.Purse.told": (lambda: PURSE, {"now": 1.0}),
    "bargain.Purse.reserve": (lambda: PURSE, {"key": "k", "upper": ONE, "now": 1.0, "until": 5.0}),
    "bargain.Vector.times": (lambda: ONE, {"factor": 0.5}),
    "bargain.Worth.after": (
        lambda: Worth(Productivity(10.0, 30.0, 1.0)),
        {"value": 1.0, "spent": 1.0, "horizon": 10.0},
    ),
    "cyberstride.Bocpd.step": _chart(Bocpd()),
    "cyberstride.Capability.add": (Capability, {"actuality": 1.0}),
    "cyberstride.Cusum.step": _chart(Cusum()),
    "cyberstride.Ewma.step": _chart(Ewma()),
    "cyberstride.Forecast.below": (lambda: _filter().forecast(), {"y": 1.0}),
    "cyberstride.Forecast.density": (lambda: _filter().forecast(), {"y": 1.0}),
    "cyberstride.Forecast.interval": (lambda: _filter().forecast(), {"coverage": 0.8}),
    "cyberstride.Forecast.quantile": (lambda: _filter().forecast(), {"q": 0.8}),
    "cyberstride.Gauge.forecast": (_gauge, {"periods": 2.0, "changes": True}),
    "cyberstride.Gauge.update": (_gauge, {"value": 1.0, "at": 2.0}),
    "cyberstride.HarrisonStevens.forecast": (_filter, {"periods": 1.0}),
    "cyberstride.HarrisonStevens.suppose": (_filter, {"variance": 1.0, "trust": 5.0}),
    "cyberstride.HarrisonStevens.update": (_filter, {"y": 1.0, "at": 2.0}),
    "cyberstride.Index.breach": (lambda: Index("a"), {"value": 1.0}),
    "cyberstride.RegimeModel.rows": (
        lambda: PRESETS["default"],
        {"interval": 1.0},
    ),
    "cyberstride.Shewhart.step": _chart(Shewhart()),
    "damping.Aimd.refused": (lambda: Aimd(1.0, 2.0, 0.1, 0.1), {"now": 1.0, "retry_after": 1.0}),
    "damping.Aimd.succeeded": (lambda: Aimd(1.0, 2.0, 0.1, 0.1), {"now": 1.0}),
    "damping.Engagement.engage": (
        lambda: Engagement(Shaping(), 60.0),
        {"capacities": {"a": 1.0}, "penalties": {}, "now": 1.0},
    ),
    "damping.Engagement.engaged": (lambda: Engagement(Shaping(), 60.0), {"now": 1.0}),
    "damping.Engagement.shaped": (lambda: Engagement(Shaping(), 60.0), {"now": 1.0}),
    "damping.FairQueue.put": (FairQueue, {"flow": "a", "item": 1, "cost": 1.0, "weight": 1.0}),
    "damping.FlapDamper.at": (FlapDamper, {"state": Flapping(at=0.0), "now": 1.0}),
    "damping.FlapDamper.flip": (FlapDamper, {"state": Flapping(at=0.0), "now": 1.0}),
    "damping.FlapDamper.freed": (FlapDamper, {"state": Flapping(at=0.0), "now": 1.0}),
    "damping.FlapDamper.held": (FlapDamper, {"state": Flapping(at=0.0), "now": 1.0}),
    "damping.FlapDamper.saw": (FlapDamper, {"state": Flapping(at=0.0), "value": "a", "now": 1.0}),
    "damping.LeaseTable.adopt": (
        lambda: LeaseTable(10.0, epoch=1, quiet=10.0),
        {"lease": Lease("k", "a", 1, 5.0, 5.0), "now": 1.0},
    ),
    "damping.LeaseTable.forget": (lambda: LEASES, {"holder": "a", "now": 1.0}),
    "damping.LeaseTable.holding": (lambda: LEASES, {"key": "k", "now": 1.0}),
    "damping.LeaseTable.release": (lambda: LEASES, {"key": "k", "token": TOKEN, "now": 1.0}),
    "damping.LeaseTable.renew": (lambda: LEASES, {"key": "k", "token": TOKEN, "now": 1.0}),
    "damping.LeaseTable.request": (
        lambda: LEASES,
        {"key": "k", "holder": "b", "now": 1.0, "priority": 1.0, "ttl": 5.0},
    ),
    "damping.LeaseTable.withdraw": (lambda: LEASES, {"holder": "a", "now": 1.0}),
    "damping.LeaseTable.turn": (lambda: LEASES.request("k", "b", 1.0)[0], {"now": 1.0}),
    "damping.Member.alone": (lambda: Member(1.0), {"now": 1.0}),
    "damping.Member.grant": (lambda: Member(1.0), {"now": 1.0, "cost": 1.0}),
    "damping.Member.sharing": (lambda: Member(1.0), {"share": 0.5, "now": 1.0}),
    "damping.Member.leased": (lambda: Member(1.0), {"now": 1.0, "until": 5.0}),
    "damping.Member.ready": (lambda: Member(1.0), {"now": 1.0, "cost": 1.0}),
    "damping.Pacer.at_rate": (lambda: Pacer(1.0), {"rate": 2.0, "now": 1.0}),
    "damping.Pacer.grant": (lambda: Pacer(1.0), {"now": 1.0, "cost": 1.0}),
    "damping.Pacer.hold": (lambda: Pacer(1.0), {"now": 1.0, "until": 5.0}),
    "damping.Pacer.ready": (lambda: Pacer(1.0), {"now": 1.0, "cost": 1.0}),
    "damping.SharedPacer.grant": (lambda: SHARED, {"now": 20.0, "cost": 1.0}),
    "damping.SharedPacer.heard": (
        lambda: SHARED,
        {"member": "a", "holds_until": 5.0, "now": 1.0, "part": 0.5},
    ),
    "damping.SharedPacer.part": (lambda: SHARED, {"until": 1.0}),
    "damping.SharedPacer.ready": (lambda: SHARED, {"now": 20.0, "cost": 1.0}),
    "damping.SharedPacer.quiet": (lambda: SHARED, {"now": 1.0}),
    "damping.SharedPacer.share": (lambda: SHARED.heard("a", 5.0, 1.0), {"now": 1.0}),
    "damping.Shaping.moves": (Shaping, {"gain": 1.0, "now": 1.0, "moved_at": 0.0, "draw": 0.5}),
    "damping.SwingCounter.oscillating": (lambda: SwingCounter(1.0, 3, 60.0), {"now": 1.0}),
    "damping.SwingCounter.saw": (lambda: SwingCounter(1.0, 3, 60.0), {"error": 1.0, "now": 1.0}),
    "decisions.Question.answer": (
        lambda: open_question(QUESTION, 0.0),
        {"verdict": Allow(), "by": "human", "now": 1.0},
    ),
    "decisions.Question.tick": (lambda: open_question(QUESTION, 0.0), {"now": 1.0}),
    "decisions.Rulebook.adopt": (Rulebook, {"policy": NEWS, "now": 1.0}),
    "decisions.Rulebook.retire": (lambda: Rulebook().adopt(NEWS, 0.0), {"name": "p", "now": 1.0}),
    "decisions.Rulebook.rollback": (
        lambda: Rulebook().adopt(NEWS, 0.0),
        {"name": "p", "version": 2, "now": 1.0},
    ),
    "homeostat.Conversation.answer": (
        lambda: open_conversation(PROPOSAL, 0.0, patience=5.0, ruling=5.0),
        {"side": Side.CONTROL, "said": Feasibility(agreed=True), "now": 1.0},
    ),
    "homeostat.Conversation.rule": (
        lambda: open_conversation(PROPOSAL, 0.0, patience=5.0, ruling=5.0),
        {"change": None, "now": 7.0},
    ),
    "homeostat.Conversation.tick": (
        lambda: open_conversation(PROPOSAL, 0.0, patience=5.0, ruling=5.0),
        {"now": 1.0},
    ),
    "homeostat.Conversation.withdraw": (
        lambda: open_conversation(PROPOSAL, 0.0, patience=5.0, ruling=5.0),
        {"now": 1.0},
    ),
    "homeostat.Homeostat.after": (
        lambda: Homeostat("h", (-1.0, 1.0), PARTY, PARTY),
        {"variable": 0.5, "chance": Chance(7)},
    ),
    "homeostat.Homeostat.responses": (lambda: Homeostat("h", (-1.0, 1.0), PARTY, PARTY), {"variable": 0.5}),
    "homeostat.Party.response": (lambda: PARTY, {"variable": 0.5}),
    "ladder.Deadman.beat": (lambda: Deadman(1.0, 0.0), {"now": 1.0}),
    "ladder.Deadman.missed": (lambda: Deadman(1.0, 0.0), {"now": 1.0}),
    "ladder.ErrorBurst.after": (lambda: ErrorBurst(times=(0.0,)), {"now": 1.0}),
    "ladder.Ladder.ack": (lambda: CLIMBING, {"key": KEY, "level": 0, "by": "a", "now": 1.0}),
    "ladder.Ladder.clear": (lambda: CLIMBING, {"key": KEY, "now": 1.0}),
    "ladder.Ladder.feel": (lambda: CLIMBING, {"signal": PAIN, "now": 1.0}),
    "ladder.Ladder.reopened": (lambda: CLIMBING, {"now": 1.0}),
    "ladder.Ladder.sink_failed": (
        lambda: CLIMBING,
        {"key": KEY, "sink": 0, "attempt": 1, "now": 1.0},
    ),
    "ladder.Ladder.tick": (lambda: CLIMBING, {"now": 1.0}),
    "ladder.Sensitivity.reopened": (lambda: Sensitivity(at=0.0), {"now": 1.0}),
    "ladder.Sensitivity.signalled": (lambda: Sensitivity(at=0.0), {"now": 1.0}),
    "ladder.Sensitivity.threshold": (lambda: Sensitivity(at=0.0), {"now": 1.0}),
    "variety.Carried.enough": (lambda: Carried(0.9, 10, 0, 0), {"loss": 0.1}),
    "variety.ChannelLoad.age": (lambda: ChannelLoad(1.0, 10.0), {"now": 1.0}),
    "variety.ChannelLoad.overloaded": (lambda: ChannelLoad(1.0, 10.0), {"now": 1.0, "most": 0.8}),
    "variety.ChannelLoad.sent": (lambda: ChannelLoad(1.0, 10.0), {"now": 1.0}),
    "variety.ChannelLoad.utilisation": (lambda: ChannelLoad(1.0, 10.0), {"now": 1.0}),
    "variety.Measured.acceptable": (lambda: Measured(1.0, 1.0, 1.0, 5, 5, 0.0, 30), {"most": 0.1}),
    "variety.VarietyLedger.close": (
        lambda: VarietyLedger().enter("1", "late", 0.0),
        {"id": "1", "absorber": Absorber.OPERATION, "now": 1.0},
    ),
    "variety.VarietyLedger.enter": (VarietyLedger, {"id": "1", "kind": "late", "now": 1.0, "harm": 1.0}),
    "variety.VarietyLedger.expire": (VarietyLedger, {"before": 1.0}),
}
