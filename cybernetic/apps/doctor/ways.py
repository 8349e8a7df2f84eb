"""By which way the levels of a viable system that lie elsewhere are audited, as it is configured."""

from urllib.parse import urlsplit

from cybernetic.apps.config.options import AmqpSection
from cybernetic.apps.doctor.finding import Finding

WHAT = "audits over AMQP"
REMEDY = "set amqp.audit_url to a user and a virtual host that no other part of the system can read"


def audits(amqp: AmqpSection) -> Finding:
    """Whether audits have a virtual host and a user of their own, so that nobody who manages can filter them."""
    if amqp.url is None:
        return Finding("ok", WHAT, "no broker is configured, they stay in the process")
    own, common = urlsplit(amqp.audit_url or amqp.url), urlsplit(amqp.url)
    way = f"user {own.username or 'guest'}, virtual host {own.path.lstrip('/') or '/'}"
    if amqp.audit_url is None:
        return Finding("warn", WHAT, f"{way}: by an exchange and keys of their own, as all else", REMEDY)
    if own.username == common.username or own.path == common.path:
        return Finding("warn", WHAT, f"{way}: shared with all else", REMEDY)
    return Finding("ok", WHAT, f"{way}: their own")
