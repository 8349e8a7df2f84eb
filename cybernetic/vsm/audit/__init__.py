"""System 3*: sporadic audit. Whom to sample, when the evidence alarms, what clean audits let us claim."""

from cybernetic.vsm.audit.assurance import (
    RateInterval,
    assured_rate,
    binomial_cdf,
    binomial_interval,
    clean_audits_needed,
    lower_bound,
    upper_bound,
)
from cybernetic.vsm.audit.canary import Canary
from cybernetic.vsm.audit.cusum import CusumDesign, DiscrepancyCusum
from cybernetic.vsm.audit.design import (
    AuditDetection,
    RunLength,
    audit_detection,
    audits_until,
    design_cusum,
    run_length,
)
from cybernetic.vsm.audit.findings import Account, AuditFinding
from cybernetic.vsm.audit.health import VerifierHealth
from cybernetic.vsm.audit.plan import Audit
from cybernetic.vsm.audit.posiwid import PosiwidGap, posiwid
from cybernetic.vsm.audit.record import AuditRecord, Standing
from cybernetic.vsm.audit.sampling import AuditLoad, Sampler, within_grant

__all__: tuple[str, ...] = (
    "Account",
    "Audit",
    "AuditDetection",
    "AuditFinding",
    "AuditLoad",
    "AuditRecord",
    "Canary",
    "CusumDesign",
    "DiscrepancyCusum",
    "PosiwidGap",
    "RateInterval",
    "RunLength",
    "Sampler",
    "Standing",
    "VerifierHealth",
    "assured_rate",
    "audit_detection",
    "audits_until",
    "binomial_cdf",
    "binomial_interval",
    "clean_audits_needed",
    "design_cusum",
    "lower_bound",
    "posiwid",
    "run_length",
    "upper_bound",
    "within_grant",
)
