"""The homeostat, and its chief use: the conversation of systems 3 and 4, its balance and its pathologies."""

from cybernetic.vsm.homeostat.balance import (
    Balance,
    Balanced,
    BandIndex,
    Bands,
    Diagnosis,
    Pathology,
    Spoken,
    diagnose,
    indices,
)
from cybernetic.vsm.homeostat.conversation import (
    AdaptationProposal,
    Conversation,
    ConversationState,
    Feasibility,
    Side,
    open_conversation,
)
from cybernetic.vsm.homeostat.homeostat import Homeostat, Party, StepChange
from cybernetic.vsm.homeostat.pair import homeostat, imbalance

__all__: tuple[str, ...] = (
    "AdaptationProposal",
    "Balance",
    "Balanced",
    "BandIndex",
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
    "homeostat",
    "imbalance",
    "indices",
    "open_conversation",
)
