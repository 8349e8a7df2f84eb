"""A pair of links in memory, and what each end was told."""

import asyncio
from dataclasses import dataclass, field

from cybernetic.nodes.link import Link, LinkSettings, Listener, Pair, Secret, connect, network

SECRET = Secret.of("a secret of tests only")
SETTINGS = LinkSettings()


@dataclass
class End:
    """One end of a link: the messages it got, the sentences it ended with, the lags it was told."""

    link: Link
    messages: list[bytes] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    lags: list[float] = field(default_factory=list)
    drained: int = 0

    def start(self) -> "End":
        self.link.start(self.take, self.lost.append, drained=self.relieve, lagging=self.lags.append)
        return self

    def take(self, messages: list[bytes]) -> None:
        self.messages += messages
        self.batches.append(len(messages))

    def relieve(self) -> None:
        self.drained += 1


async def unstarted(
    name: str = "host", ours: LinkSettings = SETTINGS, theirs: LinkSettings = SETTINGS
) -> tuple[End, End, Pair]:
    """A caller's end, the host's, and the pair of transports between them."""
    up: asyncio.Future[Link] = asyncio.get_running_loop().create_future()
    address = f"memory:{name}"
    async with await Listener.open(
        address, lambda: b"host", SECRET, lambda hello: None, up.set_result, theirs
    ):
        link = await connect(address, b"caller", SECRET, settings=ours)
        return End(link), End(await up), network().pairs[-1]


async def linked(
    name: str = "host", ours: LinkSettings = SETTINGS, theirs: LinkSettings = SETTINGS
) -> tuple[End, End, Pair]:
    """The same, both ends started."""
    caller, host, pair = await unstarted(name, ours, theirs)
    return caller.start(), host.start(), pair


async def passes(count: int = 10) -> None:
    """Let the loop come round."""
    for _ in range(count):
        await asyncio.sleep(0)
