"""Arguments that the public entries of the mathematics accept which take no figures, by what they are asked of."""

from collections.abc import Callable
from math import exp, log
from typing import Any

from cybernetic.vsm.audit import (
    Account,
    AuditFinding,
    AuditRecord,
    Canary,
    DiscrepancyCusum,
    Sampler,
    VerifierHealth,
)
from cybernetic.vsm.bargain import (
    Accepted,
    Allocator,
    Budget,
    Claim,
    Purse,
    Report,
    Seal,
    Settlement,
    Talk,
    Vector,
    divide,
    drift,
    total,
)
from cybernetic.vsm.cyberstride import Health, Transform, fault, preset, transform
from cybernetic.vsm.damping import FairQueue, Fence, FlapDamper, Flapping, Plan
from cybernetic.vsm.decisions import (
    Action,
    Allow,
    Authority,
    AuthorityMatrix,
    Deny,
    Policy,
    Rulebook,
    allow_all,
    asked_in_turn,
    decide,
    decision_table,
    opinion_of,
    strictest,
    strictness,
    time_to_verdict,
)
from cybernetic.vsm.homeostat import Balanced, Bands, Diagnosis, homeostat, imbalance, indices
from cybernetic.vsm.ladder import Cause, Climb, Clocks, Ladder, Paging, PainKey, Rungs, Stage, StormRule
from cybernetic.vsm.variety import (
    Amplifier,
    Attenuator,
    ChannelLoad,
    Transducer,
    VarietyLedger,
    joint_counts,
    open_set_rate,
)
from tests.vsm.accepted import BALANCE, LEDGER, NEWS, ONE, PAIN, PURSE, QUESTION, Arguments

SEAL = Seal(1, 1)
ACTION = Action("refund", {"usd": 30})
OVER = PURSE.begun(0).told(61.0)  # its epoch 0 is to be reported
RESERVED = LEDGER.reserve("k", ONE, 1.0, 5.0)
LENT = Allocator(PURSE, {"u": ONE.times(0.0)})
MATRIX = AuthorityMatrix({"refund": Authority.ASK})
BOOK = Rulebook().adopt(NEWS, 0.0)
CLIMB = Climb(PAIN, 0, Stage.RAISED, 0.0, 0.0, 1.0)
QUEUE = FairQueue[int]().put("a", 1)


def _told(value: Any) -> Any:
    return value


def _listed(value: Any) -> list[Any]:
    return [value]


# what is called, and with what
OBJECTS: dict[str, tuple[Callable[..., Any], Arguments]] = {
    "audit.AuditFinding": (
        AuditFinding,
        {"task": "t", "path": "a", "reported": Account(good=True), "verified": Account(good=True)},
    ),
    "audit.AuditRecord.after_canary": (AuditRecord().after_canary, {"right": True}),
    "audit.Canary": (Canary, {"kind": "k", "body": 1, "value": 2, "good": True}),
    "audit.DiscrepancyCusum.after": (DiscrepancyCusum().after, {"discrepant": True}),
    "audit.Sampler.draw": (Sampler(bytes(16)).draw, {"task": "t"}),
    "audit.VerifierHealth": (VerifierHealth, {"suspect": False}),
    "audit.VerifierHealth.after_canary": (VerifierHealth().after_canary, {"right": True}),
    "audit.VerifierHealth.after_try": (VerifierHealth().after_try, {"failed": True}),
    "bargain.Allocator.accepted": (LENT.accepted, {"answer": Accepted("u", 0, ONE, SEAL)}),
    "bargain.Allocator.begun": (LENT.begun, {"epoch": 0}),
    "bargain.Allocator.forget": (LENT.forget, {"epoch": 0}),
    "bargain.Allocator.gone": (LENT.gone, {"epoch": 0, "unit": "u"}),
    "bargain.Allocator.outbid": (LENT.outbid, {"unit": "u", "known": SEAL}),
    "bargain.Allocator.report": (Allocator(OVER, {}).report, {"epoch": 0}),
    "bargain.Allocator.reported": (LENT.reported, {"report": Report("u", 0, ONE, final=True)}),
    "bargain.Allocator.settle": (LENT.settle, {"epoch": 0, "key": "k", "actual": ONE}),
    "bargain.Allocator.succeeded": (LENT.succeeded, {"term": 2}),
    "bargain.Ledger.regrant": (LEDGER.regrant, {"grant": ONE}),
    "bargain.Ledger.release": (RESERVED.release, {"key": "k"}),
    "bargain.Ledger.revise": (RESERVED.revise, {"key": "k", "upper": ONE}),
    "bargain.Ledger.settle": (RESERVED.settle, {"key": "k", "actual": ONE}),
    "bargain.Purse.begun": (PURSE.begun, {"epoch": 0}),
    "bargain.Purse.billed": (PURSE.reserve("k", ONE, 1.0, 5.0)[0].billed, {"key": "k", "actual": ONE}),
    "bargain.Purse.forget": (PURSE.forget, {"epoch": 0}),
    "bargain.Purse.ledger": (PURSE.ledger, {"epoch": 0}),
    "bargain.Purse.report": (OVER.report, {"epoch": 0}),
    "bargain.Purse.root": (Purse.root, {"unit": "acme", "budget": Budget(usd=1.0, per=60.0)}),
    "bargain.Purse.settle": (PURSE.settle, {"epoch": 0, "key": "k", "actual": ONE}),
    "bargain.Purse.with_ledger": (PURSE.with_ledger, {"epoch": 0, "ledger": LEDGER}),
    "bargain.Report": (Report, {"unit": "acme", "epoch": 0, "spent": ONE, "final": True}),
    "bargain.Seal": (Seal, {"term": 1, "version": 1}),
    "bargain.Settlement": (Settlement, {"actual": ONE, "covered": ONE, "final": True}),
    "bargain.Talk": (Talk, {"unit": "u", "offer": ONE, "most": ONE, "floor": ONE}),
    "bargain.Talk.countered": (Talk("u", ONE, ONE, ONE).countered, {"asked": ONE}),
    "bargain.Vector.amount": (ONE.amount, {"resource": "usd"}),
    "bargain.Vector.least": (ONE.least, {"other": ONE}),
    "bargain.Vector.less": (ONE.less, {"other": ONE}),
    "bargain.Vector.most": (ONE.most, {"other": ONE}),
    "bargain.Vector.of_grains": (Vector.of_grains, {"grains": {"usd": 1}}),
    "bargain.divide": (divide, {"grant": ONE, "claims": {"a": Claim(1.0)}}),
    "bargain.drift": (drift, {"estimated": ONE, "billed": ONE}),
    "bargain.total": (total, {"vectors": [ONE]}),
    "cyberstride.Transform": (Transform, {"name": "mine", "forward": log, "backward": exp}),
    "cyberstride.fault": (fault, {"health": Health()}),
    "cyberstride.preset": (preset, {"name": "default"}),
    "cyberstride.transform": (transform, {"name": "plain"}),
    "damping.FairQueue.drop": (QUEUE.drop, {"flow": "a"}),
    "damping.FairQueue.first": (QUEUE.first, {"ready": bool}),
    "damping.FairQueue.pop": (QUEUE.pop, {"at": 0}),
    "damping.FairQueue.renewed": (QUEUE.renewed, {"known": bool, "item": 2}),
    "damping.FairQueue.without": (QUEUE.without, {"gone": bool}),
    "damping.Fence": (Fence, {"key": "k", "highest": 1}),
    "damping.Fence.passed": (Fence("k").passed, {"token": 1}),
    "damping.FlapDamper.until": (FlapDamper().until, {"state": Flapping(3.0, at=0.0, held_since=0.0)}),
    "damping.Plan.assigned": (Plan((("a", 1.0),), 1.0).assigned, {"members": ("m", "n")}),
    "decisions.Action": (Action, {"kind": "refund", "facts": {"usd": 30}}),
    "decisions.AuthorityMatrix": (AuthorityMatrix, {"kinds": {"refund": Authority.ASK}}),
    "decisions.AuthorityMatrix.policy": (MATRIX.policy, {"version": 1}),
    "decisions.AuthorityMatrix.verdict": (MATRIX.verdict, {"action": ACTION}),
    "decisions.Deny": (Deny, {"reason": "no"}),
    "decisions.Policy": (Policy, {"name": "p", "version": 1, "decide": allow_all}),
    "decisions.Rulebook": (Rulebook, {"amendments": BOOK.amendments}),
    "decisions.Rulebook.at": (BOOK.at, {"revision": 1}),
    "decisions.Rulebook.decide": (BOOK.decide, {"action": ACTION, "revision": 1}),
    "decisions.Rulebook.diff": (BOOK.diff, {"before": 0, "after": 1}),
    "decisions.Rulebook.version": (BOOK.version, {"name": "p"}),
    "decisions.allow_all": (allow_all, {"action": ACTION, "context": None}),
    "decisions.asked_in_turn": (asked_in_turn, {"verdict": QUESTION}),
    "decisions.decide": (decide, {"policies": [NEWS], "action": ACTION}),
    "decisions.decision_table": (
        lambda **given: list(decision_table(**given)),
        {"policies": [NEWS], "facts": {"usd": (1, 2)}},
    ),
    "decisions.opinion_of": (opinion_of, {"policy": NEWS, "action": ACTION, "context": None}),
    "decisions.strictest": (strictest, {"verdicts": [Allow(), QUESTION]}),
    "decisions.strictness": (strictness, {"verdict": QUESTION}),
    "decisions.time_to_verdict": (time_to_verdict, {"verdict": QUESTION}),
    "homeostat.Balanced": (
        lambda **given: Balanced(**given).indices,
        {"running": BALANCE, "last": None, "bands": Bands()},
    ),
    "homeostat.Diagnosis": (Diagnosis, {"findings": {}}),
    "homeostat.homeostat": (homeostat, {"path": "acme"}),
    "homeostat.imbalance": (imbalance, {"balance": BALANCE, "bands": Bands()}),
    "homeostat.indices": (indices, {"balance": BALANCE, "bands": Bands()}),
    "ladder.Ladder.under": (Ladder("acme").under, {"rungs": Rungs()}),
    "ladder.Paging.given": (Paging().given, {"attempt": 1}),
    "ladder.Paging.wait": (Paging().wait, {"attempt": 1}),
    "ladder.PainKey": (PainKey, {"path": "a", "index": "b", "cause": Cause.EXIT.value}),
    "ladder.Rungs": (Rungs, {"levels": (Clocks(),), "stand": 3}),
    "ladder.StormRule.takes": (StormRule().takes, {"storm": CLIMB}),
    "variety.Amplifier": (Amplifier, {"name": "n", "apply": _listed}),
    "variety.Amplifier.measure": (Amplifier[int, int]("n", _listed).measure, {"items": [1]}),
    "variety.Attenuator": (Attenuator, {"name": "n", "apply": _told}),
    "variety.Attenuator.measure": (
        Attenuator[int, int]("n", _told).measure,
        {"windows": [[1, 2]], "inject": _told, "alarming": bool},
    ),
    "variety.ChannelLoad.served": (ChannelLoad(1.0, 10.0).sent(1.0).served, {"count": 1}),
    "variety.Transducer": (Transducer, {"name": "n", "encode": _told, "decode": _told}),
    "variety.Transducer.measure": (Transducer[int, int]("n", _told, _told).measure, {"corpus": [1]}),
    "variety.VarietyLedger": (VarietyLedger, {"entries": {}}),
    "variety.VarietyLedger.cross": (
        VarietyLedger().enter("1", "late", 0.0).cross,
        {"id": "1", "channel": "c"},
    ),
    "variety.joint_counts": (joint_counts, {"pairs": [("a", "x")]}),
    "variety.open_set_rate": (open_set_rate, {"items": ["a"], "known": ["b"]}),
}
