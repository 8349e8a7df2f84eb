"""Arguments that the public entries of the mathematics accept: what is made or called by itself."""

from collections.abc import Mapping
from typing import Any

from cybernetic.core import Chance
from cybernetic.vsm.audit import AuditLoad, CusumDesign
from cybernetic.vsm.bargain import Budget, Claim, Contract, Ledger, Productivity, Purse, Seal, Vector
from cybernetic.vsm.cyberstride import (
    Achievement,
    Cusum,
    Health,
    Index,
)
from cybernetic.vsm.damping import (
    LeaseTable,
    Shaping,
    SharedPacer,
)
from cybernetic.vsm.decisions import Allow, Escalate, Policy
from cybernetic.vsm.homeostat import (
    AdaptationProposal,
    Balance,
    Bands,
    Party,
    Spoken,
)
from cybernetic.vsm.ladder import (
    Cause,
    Pain,
    PainKey,
    Sensitivity,
)
from cybernetic.vsm.variety import Absorber

Arguments = Mapping[str, Any]

PAIN = Pain("acme", "cost", Cause.EXIT)
KEY: PainKey = PAIN.key
QUESTION = Escalate("human", deadline=10.0)
PROPOSAL = AdaptationProposal("1", "issue", "change", 1.0, 2.0, 60.0)
PARTY = Party("left", (0.5, 1.0), lambda setting, variable: -setting * variable)
SPOKEN = Spoken({"a": 2}, (1.0, 2.0))
BALANCE = Balance(SPOKEN, SPOKEN, 1.0, 9.0, 3, 1.0)
NEWS = Policy("p", 2, lambda action, context: Allow())
JOINT = {("a", "x"): 1.0, ("b", "y"): 2.0}
ONE = Vector(usd=1.0)
LEDGER = Ledger(Vector(usd=5.0))
PURSE = Purse.root("acme", Budget(usd=10.0, per=60.0))
CONTRACT = Contract("acme", 0, ONE, Seal(1, 1))
LEASES = LeaseTable(ttl=10.0).request("k", "a", 1.0)[0]
TOKEN = LEASES.leases["k"].token
SHARED = SharedPacer(1.0, frozenset("ab"), 10.0, born=0.0)

# what is made or called by itself
PLAIN: dict[str, Arguments] = {
    "audit.Account": {"good": True, "cost": 1.0, "seconds": 1.0},
    "audit.Audit": {
        "probability": 0.1,
        "budget_share": 0.1,
        "kappa": 1.0,
        "max_age": 60.0,
        "patience": 5.0,
        "every": 600.0,
        "drift": 0.5,
    },
    "audit.AuditLoad": {"probability": 0.1, "tasks": 10.0, "cost": 1.0},
    "audit.AuditRecord": {"gap": 0.1, "last": 1.0, "memory": 50.0},
    "audit.CusumDesign": {"q0": 0.02, "q1": 0.15, "limit": 3.9},
    "audit.DiscrepancyCusum": {"score": 1.0},
    "audit.RunLength": {"mean": 20.0, "survival": (1.0, 0.9, 0.8), "hazard": 0.1},
    "audit.Sampler": {"secret": bytes(16), "base": 0.1, "kappa": 1.0},
    "audit.assured_rate": {"clean": 10, "confidence": 0.9},
    "audit.audit_detection": {"rate": 0.5, "probability": 0.1},
    "audit.audits_until": {"rate": 0.5, "confidence": 0.9},
    "audit.binomial_cdf": {"hits": 1, "trials": 5, "rate": 0.2},
    "audit.binomial_interval": {"hits": 1, "trials": 5, "confidence": 0.9},
    "audit.clean_audits_needed": {"rate": 0.1, "confidence": 0.9},
    "audit.design_cusum": {"q0": 0.1, "q1": 0.5, "false_alarm_every": 20.0},
    "audit.lower_bound": {"failures": 1, "audits": 5, "confidence": 0.9},
    "audit.posiwid": {"chartered": {"a": 1.0}, "actual": {"a": 2.0}, "slack": 0.1},
    "audit.run_length": {"q": 0.5, "design": CusumDesign()},
    "audit.upper_bound": {"failures": 1, "audits": 5, "confidence": 0.9},
    "audit.within_grant": {"units": {"a": AuditLoad(0.5, 10.0, 1.0)}, "grant": 2.0},
    "bargain.Accepted": {"unit": "acme", "epoch": 0, "holds": ONE, "seal": Seal(1, 1), "at": 1.0},
    "bargain.Allocator": {"purse": PURSE, "floors": {}, "grace": 1.0, "births": {"a": 1.0}},
    "bargain.Budget": {"per": 60.0, "usd": 1.0},
    "bargain.Budget.granting": {"grant": ONE, "per": 60.0},
    "bargain.Claim": {"weight": 1.0, "floor": 0.0, "cap": 1.0},
    "bargain.Contract": {
        "unit": "acme",
        "epoch": 0,
        "grant": ONE,
        "seal": Seal(1, 1),
        "per": 60.0,
        "bare": 2,
    },
    "bargain.Cost": {"usd": 1.0},
    "bargain.Epoch.at": {"now": 61.0, "per": 60.0},
    "bargain.Ledger": {"grant": ONE, "until": 5.0, "seen": 1.0},
    "bargain.Price": {"taken": 0.1, "given": 0.2},
    "bargain.Productivity": {"horizon": 10.0, "value": 1.0, "spent": 1.0},
    "bargain.Purse": {"unit": "acme", "per": 60.0, "seen": 1.0},
    "bargain.Rate": {"amount": 60.0, "per": 60.0, "burst": 1.0},
    "bargain.Vector": {"usd": 1.0},
    "bargain.Worth": {"made": Productivity(10.0), "score": 1.0},
    "bargain.allocate": {"amount": 1.0, "claims": {"a": Claim(1.0)}},
    "bargain.earned_weights": {"base": {"a": 1.0}, "productivity": {"a": 1.0}, "epsilon": 0.2},
    "bargain.lend": {"pool": ONE, "claims": {"a": Claim(1.0)}, "used": {"a": ONE}, "gone": 0.5},
    "bargain.moved": {"old": ONE, "new": ONE, "used": ONE, "pool": ONE, "change": 0.1},
    "bargain.worth_publishing": {"old": {"a": 1.0}, "new": {"a": 1.0}, "change": 0.1},
    "cyberstride.Achievement": {"actuality": 1.0, "capability": 2.0, "potentiality": 3.0},
    "cyberstride.Bocpd": {"hazard": 0.01, "spread": 3.0, "threshold": 0.3, "plan": 0.0, "sigma": 1.0},
    "cyberstride.Capability": {"quantile": 0.9},
    "cyberstride.Cusum": {"drift": 0.5, "limit": 5.0, "plan": 0.0, "sigma": 1.0},
    "cyberstride.Ewma": {"weight": 0.2, "limit": 3.0, "plan": 0.0, "sigma": 1.0},
    "cyberstride.Forecast": {"parts": ((0.7, 0.0, 1.0), (0.3, 4.0, 9.0))},
    "cyberstride.Gauge": {"index": Index("a"), "variance": 1.0, "period": 1.0},
    "cyberstride.HarrisonStevens": {
        "variance": 1.0,
        "plan": 0.0,
        "level": 0.0,
        "slope": 0.0,
        "spread": (1.0, 0.1),
        "period": 1.0,
        "at": 0.0,
    },
    "cyberstride.HealthLimits": {"autocorrelation": (-0.3, 0.3), "ratio": (0.5, 2.0), "forget": 0.99},
    "cyberstride.Index": {"name": "a", "limits": (0.0, 1.0), "plan": 0.5, "every": 30.0},
    "cyberstride.Learning": {"forget": 0.99, "trust": 5.0, "cap": 9.0, "least": 1e-9},
    "cyberstride.RegimeModel": {
        "probability": (0.9, 0.05, 0.03, 0.02),
        "noise": (1.0, 100.0, 1.0, 1.0),
        "level": (0.0, 0.0, 90.0, 0.0),
        "slope": (0.0, 0.0, 0.0, 60.0),
        "truncation": 0.9,
    },
    "cyberstride.Shewhart": {"limit": 3.0, "plan": 0.0, "sigma": 1.0},
    "cyberstride.Thresholds": {"notice_change": 0.1, "notice_z": 2.8, "alert_change": 0.5, "alert_z": 3.5},
    "cyberstride.achieve": {"actuality": 1.0, "capability": 2.0, "potentiality": 3.0},
    "cyberstride.anscombe": {"value": 1.0},
    "cyberstride.attend": {"change": 0.1, "z_plan": 1.0},
    "cyberstride.best_preset": {"series": [1.0, 2.0, 3.0], "variance": 1.0},
    "cyberstride.examine": {"health": Health(), "error": 1.0, "forget": 0.99},
    "cyberstride.expit": {"y": 1.0},
    "cyberstride.first_alarm": {"chart": Cusum(), "series": [1.0, 2.0, 3.0]},
    "cyberstride.first_guess": {"series": [1.0, 2.0, 3.0], "least": 1e-9},
    "cyberstride.log_cost": {"value": 1.0},
    "cyberstride.log_likelihood": {"series": [1.0, 2.0, 3.0], "model": "default", "variance": 1.0},
    "cyberstride.logit": {"value": 0.5},
    "cyberstride.unanscombe": {"y": 1.0},
    "cyberstride.weighted_performance": {"achievements": [Achievement(1.0, 2.0, 3.0)], "weights": [1.0]},
    "cyberstride.weighted_quantile": {"values": [1.0, 2.0], "weights": [1.0, 1.0], "q": 0.5},
    "damping.Advice": {"until": 1.0, "shares": (("a", 0.5), ("b", 0.5))},
    "damping.Aimd": {
        "rate": 1.0,
        "ceiling": 2.0,
        "floor": 0.1,
        "rise": 0.1,
        "cut": 0.7,
        "calm": 1.0,
        "longest": 60.0,
        "barrier": 0.0,
        "cut_at": 0.0,
        "seen": 0.0,
    },
    "damping.Engagement": {"shaping": Shaping(), "lasts": 60.0},
    "damping.FairQueue": {"virtual": 1.0, "finish": {"a": 2.0}},
    "damping.FlapDamper": {"half_life": 60.0, "suppress": 2.0, "release": 0.7, "longest": 200.0},
    "damping.Lease": {"key": "k", "holder": "a", "token": 1, "until": 5.0, "ttl": 5.0},
    "damping.LeaseTable": {"ttl": 5.0, "quiet": 0.0, "ageing": 10.0, "seen": 0.0},
    "damping.Member": {"share": 1.0, "until": 5.0},
    "damping.Pacer": {"rate": 1.0, "burst": 1.0, "credit": 0.0, "since": 0.0, "barrier": 0.0, "seen": 0.0},
    "damping.Pacer.known": {"limit": 1.0, "margin": 0.9, "burst": 1.0},
    "damping.Plan": {"shares": (("a", 1.0),), "until": 5.0},
    "damping.SharedPacer": {"rate": 1.0, "members": frozenset("a"), "ttl": 5.0, "born": 0.0, "burst": 1.0},
    "damping.Shaping": {"band": 0.1, "fraction": 0.5, "dwell": 1.0},
    "damping.SwingCounter": {
        "limit": 1.0,
        "count": 3,
        "within": 60.0,
        "area": 0.0,
        "error": 0.0,
        "at": 0.0,
        "swings": (0.0,),
    },
    "damping.autocovariance": {"flat": [1.0, -1.0, 1.0], "lags": 1},
    "damping.balanced_plan": {"capacities": {"a": 1.0}, "until": 5.0},
    "damping.dead_band": {"value": 1.0, "held": 1.0, "width": 0.1},
    "damping.decay_ratio": {"covariance": [1.0, -1.0, 1.0]},
    "damping.detrended": {"window": [1.0, 2.0, 4.0]},
    "damping.find_oscillation": {"window": [1.0, -1.0] * 6, "floor": 0.0, "step": 1.0},
    "damping.full_jitter": {"chance": Chance(7), "attempt": 1, "base": 1.0, "longest": 60.0},
    "damping.next_turn": {"now": 1.0, "period": 60.0, "path": "a"},
    "damping.phase": {"path": "a", "period": 60.0},
    "damping.regularity": {"covariance": [1.0, -1.0, 1.0]},
    "damping.swing_limit": {"amplitude": 1.0, "period": 60.0},
    "damping.wip_limit": {"capacity": 1.0, "service_time": 3.0},
    "decisions.Escalate": {"to": "human", "deadline": 10.0},
    "decisions.Question": {"escalation": QUESTION, "asked": 1.0},
    "decisions.open_question": {"escalation": QUESTION, "now": 1.0},
    "homeostat.AdaptationProposal": {
        "id": "1",
        "issue": "a",
        "change": "b",
        "cost": 1.0,
        "benefit": 2.0,
        "horizon": 60.0,
        "spread": 0.5,
    },
    "homeostat.Balance": {
        "control": SPOKEN,
        "intelligence": SPOKEN,
        "change_spend": 1.0,
        "run_spend": 9.0,
        "reallocations": 1,
        "hours": 1.0,
    },
    "homeostat.Bands": {
        "flow": (-0.5, 0.5),
        "change_share": (0.1, 0.4),
        "churn": (0.0, 6.0),
        "regret": (0.0, 0.2),
        "answered": 0.5,
    },
    "homeostat.Feasibility": {"agreed": True, "cost": 1.0, "capacity_hit": 0.1},
    "homeostat.Homeostat": {"name": "h", "limits": (-1.0, 1.0), "left": PARTY, "right": PARTY},
    "homeostat.Party": {"name": "a", "settings": (0.5, 1.0), "respond": PARTY.respond},
    "homeostat.Spoken": {"issues": {"a": 2}, "answers": (1.0, 2.0)},
    "homeostat.diagnose": {"balance": BALANCE, "bands": Bands(), "period": 60.0},
    "homeostat.open_conversation": {"proposal": PROPOSAL, "now": 1.0, "patience": 5.0, "ruling": 5.0},
    "ladder.Clocks": {"ack": 1.0, "recovery": 120.0, "look": 0.5},
    "ladder.Deadman": {"period": 1.0, "last": 0.0},
    "ladder.ErrorBurst": {"window": 10.0},
    "ladder.Ladder": {"path": "acme", "refractory": 60.0, "at": 1.0},
    "ladder.Paging": {"ack": 60.0, "recovery": 60.0, "backoff": 2.0, "longest": 600.0},
    "ladder.Pain": {"path": "a", "index": "b", "cause": Cause.EXIT, "intensity": 1.0, "since": 1.0},
    "ladder.Pleasure": {"path": "a", "index": "b", "intensity": 1.0, "since": 1.0},
    "ladder.Sensitivity": {"on": 3.5, "off": 2.8, "budget": 5.0, "step": 0.5, "extra": 0.1, "at": 1.0},
    "ladder.StormRule": {"window": 10.0},
    "ladder.arouse": {"aroused": False, "sensitivity": Sensitivity(), "intensity": 1.0, "now": 1.0},
    "ladder.time_to_human": {"levels": (), "detection": 1.0, "hop": 0.1},
    "variety.Disturbance": {
        "kind": "spike",
        "harm": 1.0,
        "since": 0.0,
        "absorber": Absorber.CONTROL,
        "closed": 1.0,
    },
    "variety.ChannelLoad": {"capacity": 1.0, "period": 10.0, "rate": 0.1, "at": 1.0, "waiting": (0.5, 1.0)},
    "variety.conditional_entropy": {"joint": JOINT},
    "variety.cyclic_game": {"size": 4, "responses": 2, "error": 0.1},
    "variety.effective_number": {"values": {"a": 1.0, "b": 1.0}},
    "variety.entropy": {"values": {"a": 1.0, "b": 1.0}},
    "variety.fidelity": {"joint": JOINT},
    "variety.miller_madow": {"counts": {"a": 3}, "confidence": 0.9},
    "variety.mutual_information": {"joint": JOINT},
    "variety.regulate": {"joint": JOINT, "table": lambda d, r: (d, r)},
}
