"""What can go wrong with a broker. No text ever holds a password: addresses are shown by `shown`."""

from urllib.parse import urlsplit

from cybernetic.core import CyberneticError


def shown(url: str) -> str:
    """`url` as it may be shown: without its password and its query."""
    parts = urlsplit(url)
    user = f"{parts.username}@" if parts.username else ""
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{user}{parts.hostname or ''}{port}{parts.path}"


class BrokerError(CyberneticError):
    """Root of what a broker, or the way to it, can do to its client."""


class Unreachable(BrokerError):
    """Nobody answers at the broker's address, or not in time; or the certificate is not the one expected."""

    def __init__(self, url: str, why: object) -> None:
        super().__init__(f"no broker at {shown(url)}: {why}")


class LoginRefused(BrokerError):
    """The broker does not let this user in."""

    def __init__(self, url: str, why: object) -> None:
        super().__init__(f"the broker at {shown(url)} refused the login: {why}")


class NoVhost(BrokerError):
    """The virtual host of the address does not exist, or this user may not use it."""

    def __init__(self, url: str, why: object) -> None:
        super().__init__(f"the broker at {shown(url)} has no such virtual host for this user: {why}")


class ConnectionLost(BrokerError):
    """The connection ended. What was not confirmed may or may not have arrived."""


class ChannelClosed(BrokerError):
    """The broker closed one channel for what was done on it: `code` is AMQP's (403, 404, 405, 406)."""

    def __init__(self, code: int, why: object) -> None:
        super().__init__(f"the broker closed the channel: {code} {why}")
        self.code = code


class Differs(BrokerError):
    """An exchange or queue exists and was declared otherwise. `what` names it; `why` is what the broker said."""

    def __init__(self, what: str, why: object) -> None:
        super().__init__(f"{what} exists and was declared otherwise: {why}")
        self.what = what


class NotDeclared(BrokerError):
    """An exchange or queue does not exist, and was to be there."""

    def __init__(self, what: str) -> None:
        super().__init__(f"there is no {what}: expected one declared before")
        self.what = what
