"""What can be configured: a tree of dataclasses from which the file, the variables and the checks are derived."""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any

from cybernetic.apps.config import kinds
from cybernetic.apps.config.kinds import Kind

PREFIX = "CYBERNETIC"


def _option(kind: Kind, doc: str, default: Any = None, *, make: Any = None, example: Any = None) -> Any:
    """A field: `default`, or what `make()` gives; `example` stands in the written file where there is no default."""
    metadata = {"kind": kind, "doc": doc, "example": example}
    if make is not None:
        return field(default_factory=make, metadata=metadata)
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True)
class SystemSection:
    """The system: this program and the processes it makes."""

    name: str | None = _option(
        kinds.text(),
        'what the system is called by "cybernetic tree --system NAME"; left out: the program\'s own name',
        example="shop",
    )
    nodes: int = _option(kinds.whole(), "how many more processes to run agents in", 0)
    tune_gc: bool = _option(kinds.switch(), "let the garbage collector run less often", True)
    watchdog: float | None = _option(
        kinds.seconds(off=True), "seconds a handler may hold the event loop before a warning names it", 0.1
    )
    log: str = _option(
        kinds.one_of("debug", "info", "warning", "error"), "the least important lines to log", "info"
    )


@dataclass(frozen=True, slots=True)
class ClusterSection:
    """The cluster: several hosts as one system. Its nodes share a secret: secret_file, or CYBERNETIC_SECRET."""

    name: str = _option(kinds.text(), "what this node is called; no two of a cluster share a name", "main")
    listen: tuple[str, ...] = _option(
        kinds.listening(),
        "where nodes of other hosts may link; left out, one that joins listens at free ports",
        (),
        example=["tcp:0.0.0.0:4711-4720"],
    )
    announce: str | None = _option(
        kinds.host(),
        "the host by which others reach this one; left out: the one listened at, this host's name for 0.0.0.0",
        example="10.0.0.5",
    )
    host: str | None = _option(
        kinds.text(),
        "what this host is called; left out: as the machine is; no two of a cluster should share it",
        example="shop-1",
    )
    join: tuple[str, ...] = _option(
        kinds.addresses(), "nodes of other hosts to link with", (), example=["tcp:10.0.0.1:4711"]
    )
    secret_file: Path | None = _option(  # noqa: RUF009 (it makes a field)
        kinds.path(),
        "a file of mode 0600 with the secret all nodes of the cluster know, at least 16 bytes",
        example="/etc/cybernetic/secret",
    )
    capabilities: Mapping[str, Any] = _option(
        kinds.table(),
        "what this host offers to children that require something",
        make=dict,
        example={"gpu": True},
    )
    node_dead_after: float = _option(
        kinds.seconds(), "seconds of silence after which a node is lost; more than lag_after", 10.0
    )
    lag_after: float = _option(kinds.seconds(), "seconds of silence after which a node is said to lag", 1.0)


@dataclass(frozen=True, slots=True)
class TlsSection:
    """Links between hosts are encrypted; with a certificate of your own instead of one made for each run."""

    cert: Path | None = _option(  # noqa: RUF009
        kinds.path(), "the certificate, as PEM", example="/etc/cybernetic/cert.pem"
    )
    key: Path | None = _option(  # noqa: RUF009
        kinds.path(), "its private key, as PEM", example="/etc/cybernetic/key.pem"
    )


@dataclass(frozen=True, slots=True)
class AmqpSection:
    """The message broker. Its password is in password_file, or CYBERNETIC_AMQP_PASSWORD."""

    url: str | None = _option(
        kinds.broker(),
        "where the broker is; left out: the in-process one",
        example="amqps://shop@broker.example.org/shop",
    )
    audit_url: str | None = _option(
        kinds.broker(),
        "the same broker for audits of levels elsewhere, as another user in another virtual host; left out: as url",
        example="amqps://audit@broker.example.org/audits",
    )
    password_file: Path | None = _option(  # noqa: RUF009
        kinds.path(), "a file with the password, read at each connect", example="/etc/cybernetic/amqp"
    )
    audit_password_file: Path | None = _option(  # noqa: RUF009
        kinds.path(),
        "a file with the password of audit_url; left out: the same as of url",
        example="/etc/cybernetic/amqp-audit",
    )
    ca: Path | None = _option(  # noqa: RUF009
        kinds.path(), "the authorities that vouch for the broker, as PEM", example="/etc/cybernetic/ca.pem"
    )
    cert: Path | None = _option(  # noqa: RUF009
        kinds.path(), "the certificate shown to the broker, as PEM", example="/etc/cybernetic/amqp.pem"
    )
    key: Path | None = _option(  # noqa: RUF009
        kinds.path(), "its private key, as PEM", example="/etc/cybernetic/amqp-key.pem"
    )
    heartbeat: int = _option(
        kinds.whole(1), "seconds; a frozen broker is found after some three times this", 10
    )


@dataclass(frozen=True, slots=True)
class Config:
    """All of the configuration. The defaults of every section hold where nothing was given."""

    system: SystemSection = field(default_factory=SystemSection)
    cluster: ClusterSection = field(default_factory=ClusterSection)
    tls: TlsSection = field(default_factory=TlsSection)
    amqp: AmqpSection = field(default_factory=AmqpSection)


SECTIONS: Mapping[str, Callable[..., Any]] = {
    "system": SystemSection,
    "cluster": ClusterSection,
    "tls": TlsSection,
    "amqp": AmqpSection,
}


@dataclass(frozen=True, slots=True)
class Option:
    """One thing that can be configured.

    Attributes:
        section: the section it stands in.
        name: what it is called there.
        kind: what it may be.
        doc: what it is for.
        default: what holds where nothing is given.
        example: a value to show where the default would teach nothing, or None.
    """

    section: str
    name: str
    kind: Kind
    doc: str
    default: Any
    example: Any

    @property
    def key(self) -> str:
        """`section.name`."""
        return f"{self.section}.{self.name}"

    @property
    def variable(self) -> str:
        """The variable of the environment that sets it."""
        return f"{PREFIX}_{self.section}_{self.name}".upper()


def _options() -> dict[str, Option]:
    found = {}
    for section, cls in SECTIONS.items():
        for one in fields(cls):  # type: ignore[arg-type]
            default = one.default if one.default_factory is MISSING else one.default_factory()
            meta = one.metadata
            option = Option(section, one.name, meta["kind"], meta["doc"], default, meta["example"])
            found[option.key] = option
    return found


OPTIONS: Mapping[str, Option] = _options()


def conflicts(config: Config) -> list[tuple[str, str]]:
    """What does not fit together, as pairs of key and sentence; empty if all does."""
    found = []
    cluster, tls = config.cluster, config.tls
    if cluster.node_dead_after <= cluster.lag_after:
        found.append(
            (
                "cluster.node_dead_after",
                f"expected more than cluster.lag_after ({cluster.lag_after:g}), got: {cluster.node_dead_after:g}",
            )
        )
    if (tls.cert is None) != (tls.key is None):
        missing, present = ("key", "cert") if tls.key is None else ("cert", "key")
        found.append((f"tls.{missing}", f"expected a path, as tls.{present} is given, got: none"))
    return found
