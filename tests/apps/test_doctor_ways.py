"""What the doctor says of the way by which levels elsewhere are audited."""

import pytest

from cybernetic.apps.config.options import AmqpSection
from cybernetic.apps.doctor.ways import audits

OWN, COMMON = "amqp://audit@host/audits", "amqp://shop@host/shop"


@pytest.mark.parametrize(
    ("url", "audit", "level", "text"),
    [
        (None, None, "ok", "no broker"),
        (COMMON, None, "warn", "user shop, virtual host shop: by an exchange and keys of their own"),
        (COMMON, OWN, "ok", "user audit, virtual host audits: their own"),
        (COMMON, "amqp://shop@host/audits", "warn", "shared"),
        (COMMON, "amqp://audit@host/shop", "warn", "shared"),
    ],
)
def test_the_doctor_says_by_which_way_audits_go(
    url: str | None, audit: str | None, level: str, text: str
) -> None:
    found = audits(AmqpSection(url=url, audit_url=audit))
    assert found.level == level
    assert text in found.text
    assert bool(found.remedy) is (level == "warn")
