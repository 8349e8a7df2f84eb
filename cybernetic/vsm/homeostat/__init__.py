"""The homeostat, and its chief use: the conversation of systems 3 and 4, its balance and its pathologies."""

from cybernetic.vsm.homeostat.balance import Balance, Bands, Diagnosis, Pathology, Spoken, diagnose
from cybernetic.vsm.homeostat.conversation import (
    AdaptationProposal,
    Conversation,
    ConversationState,
    Feasibility,
    Side,
    open_conversation,
)
from cybernetic.vsm.homeostat.homeostat import Homeostat, Party, StepChange

__all__: tuple[str, ...] = (
    "AdaptationProposal",
    "Balance",
    "Bands",
    "Conversation",
    "ConversationState",
    "Diagnosis",
    "Feasibility",
    "Homeostat",
    "Party",
    "Pathology",
    "Side",
    "Spoken",
    "StepChange",
    "diagnose",
    "open_conversation",
)
