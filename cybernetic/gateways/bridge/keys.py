"""The routing keys by which levels are reached: a kind, then the words of the path, each escaped."""

from urllib.parse import quote

from cybernetic.core import OptionError

MOST = 255  # bytes of a routing key: AMQP's short string
PLAIN = "!$&'()+,:;=@ "  # of what is no letter, what may stand in a word as it is


def key(kind: str, path: str) -> str:
    """The routing key `<kind>.<word>.<word>` of a level, as `message.shop.till` of "shop/till".

    Dots, wildcards and the percent sign in a word are written as `%` and two digits, as in URLs: no path is another's
    pattern, and no two paths have one key. Raises `OptionError` for a key of more than 255 bytes.
    """
    made = ".".join([kind, *(_word(word) for word in path.split("/"))])
    if len(made.encode()) > MOST:
        raise OptionError(
            "path", f"one whose routing key has at most {MOST} bytes", f"{len(made.encode())}: {made!r}"
        )
    return made


def _word(word: str) -> str:
    return quote(word, safe=PLAIN).replace(".", "%2E")
