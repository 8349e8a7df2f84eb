"""How an action is put to somebody else's word: system 5 asks, and silence comes to what was declared for it."""

import asyncio
from typing import Any

from cybernetic.core import CallFailed, CallTimeout, MailboxFull
from cybernetic.vsm.channels.channel import Channel, Role
from cybernetic.vsm.channels.line import NotCarried
from cybernetic.vsm.decisions.verdicts import Allow, Deny, Escalate, time_to_verdict
from cybernetic.vsm.governance.messages import Referral
from cybernetic.vsm.timing import now

AGAIN = 0.5  # seconds until it is asked again, where nobody is there who could ask
RENEWED = (
    2.0  # seconds after which it is said again that somebody waits: else system 5 takes the question back
)
GRACE = 2.0  # seconds beyond the last deadline, so that system 5 says itself that time has run out


async def referred(porter: Any, referral: Referral) -> Allow | Deny:
    """What somebody has decided on an action, or what was declared for when nobody does, once all deadlines are over.

    Whoever puts the question may die meanwhile: it is referred again, under the same id, as long as there is time. So
    the death of a system is never a word; and who waits no longer, or has died, says nothing, which system 5 hears.
    """
    asked = referral.asked
    until = now() + time_to_verdict(asked) + GRACE
    while (left := until - now()) > 0:
        try:
            verdict: Allow | Deny = await porter.ask(
                Channel.COMMAND,
                Role.CONTROL,
                referral,
                disturbance=referral.task,
                patience=min(RENEWED, left),
            )
        except (CallFailed, MailboxFull):
            await asyncio.sleep(min(AGAIN, left))
        except (CallTimeout, NotCarried):
            continue
        else:
            return verdict
    return last_word(asked)


def last_word(asked: Escalate) -> Allow | Deny:
    """What an escalation comes to when nobody in the chain answers."""
    following = asked.on_timeout
    return last_word(following) if isinstance(following, Escalate) else following
