"""System 5's decisions: verdicts, policies with versions, `decide`, authority, and questions to people."""

from cybernetic.vsm.decisions.actions import Action
from cybernetic.vsm.decisions.authority import Authority, AuthorityMatrix
from cybernetic.vsm.decisions.decide import Decision, decide, decision_table
from cybernetic.vsm.decisions.policy import NO_RULES, Decide, Opinion, Policy, Tier, allow_all, opinion_of
from cybernetic.vsm.decisions.question import Question, QuestionState, Reception, open_question
from cybernetic.vsm.decisions.rulebook import Amendment, PolicyChange, Rulebook
from cybernetic.vsm.decisions.verdicts import (
    Allow,
    Deny,
    Escalate,
    Verdict,
    asked_in_turn,
    strictest,
    strictness,
    time_to_verdict,
)

__all__: tuple[str, ...] = (
    "Action",
    "Allow",
    "Amendment",
    "Authority",
    "AuthorityMatrix",
    "Decide",
    "Decision",
    "Deny",
    "Escalate",
    "NO_RULES",
    "Opinion",
    "Policy",
    "PolicyChange",
    "Question",
    "QuestionState",
    "Reception",
    "Rulebook",
    "Tier",
    "Verdict",
    "allow_all",
    "asked_in_turn",
    "decide",
    "decision_table",
    "open_question",
    "opinion_of",
    "strictest",
    "strictness",
    "time_to_verdict",
)
