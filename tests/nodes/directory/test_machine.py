"""Three nodes that do as they like while links lose, break and mend: one owner everywhere, exactly the losers told."""

from collections import Counter, deque
from itertools import combinations, permutations
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from cybernetic.crdt import Stamp, digest
from cybernetic.nodes.directory.directory import Directory
from cybernetic.nodes.directory.entries import Changed, Claim, Effect, Entered, Left, Lost, Seat, Tell
from cybernetic.nodes.directory.form import pack, unpack
from cybernetic.wire import Codec
from tests.support import soak

NODES = ("a", "b", "c")
PAIRS = tuple(combinations(NODES, 2))
NAMES = st.sampled_from(["x", "y"])
KEYS = st.sampled_from([b"g", b"h"])
SERIALS = st.integers(1, 3)
STAMPS = st.integers(0, 3)
SERVICE = "teams"
CODEC = Codec()


class Cluster(RuleBasedStateMachine):
    """Three nodes; links that carry messages in order, lose some, break, and begin anew with all there is.

    Clocks go wrong at will: a stamp is anything. A name that a node knows to be held is claimed there all the same.
    """

    def __init__(self) -> None:
        super().__init__()
        self.serial = 0
        self.incarnations = dict.fromkeys(NODES, 1)
        self.nodes = {node: Directory(node, "1") for node in NODES}
        self.links = {pair: deque[tuple[Any, ...]]() for pair in permutations(NODES, 2)}
        self.up = set(PAIRS)
        self.torn: set[tuple[str, str]] = set()  # links that have lost a piece of a whole part
        self.agreed: dict[tuple[str, str], int] = dict.fromkeys(self.links, 0)
        self.shown: dict[str, dict[str, Claim]] = {node: {} for node in NODES}  # as `Changed` has said
        self.seated: dict[str, Counter[Seat]] = {
            node: Counter() for node in NODES
        }  # as `Entered` and `Left` have
        self.living: set[Claim] = set()
        self.members: dict[str, Counter[tuple[bytes, int]]] = {node: Counter() for node in NODES}
        self.running: set[str] = set()
        self.losers: Counter[Claim] = Counter()

    # What agents do.

    @rule(node=st.sampled_from(NODES), name=NAMES, millis=STAMPS)
    def claim(self, node: str, name: str, millis: int) -> None:
        source = self.nodes[node].me
        if any(own.name == name and own.source == source for own in self.living):
            return
        self.serial += 1
        made = Claim(name, source, Stamp(millis, self.serial, node), self.serial, "C")
        self.living.add(made)
        self.follow(node, self.nodes[node].claim(name, made.stamp, made.serial, "C"))

    @precondition(lambda self: self.living)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        claim = data.draw(st.sampled_from(sorted(self.living, key=lambda claim: claim.serial)))
        self.living.remove(claim)
        node = claim.source[0]
        self.follow(node, self.nodes[node].release(claim.name, claim.serial))

    @rule(node=st.sampled_from(NODES), key=KEYS, serial=SERIALS)
    def enter(self, node: str, key: bytes, serial: int) -> None:
        self.members[node][key, serial] += 1
        self.follow(node, self.nodes[node].enter(SERVICE, key, serial, "C"))

    @rule(node=st.sampled_from(NODES), key=KEYS, serial=SERIALS)
    def leave(self, node: str, key: bytes, serial: int) -> None:
        self.members[node] -= Counter({(key, serial): 1})
        self.follow(node, self.nodes[node].leave(SERVICE, key, serial))

    @rule(node=st.sampled_from(NODES))
    def open(self, node: str) -> None:
        self.running.add(node)
        self.follow(node, self.nodes[node].open(SERVICE))

    @rule(node=st.sampled_from(NODES))
    def close(self, node: str) -> None:
        self.running.discard(node)
        self.members[node].clear()
        self.follow(node, self.nodes[node].close(SERVICE))

    # What becomes of messages, links and nodes.

    @rule(link=st.sampled_from(sorted(permutations(NODES, 2))))
    def deliver(self, link: tuple[str, str]) -> None:
        if not self.links[link]:
            return
        (sender, to), (what, *rest) = link, self.links[link].popleft()
        here, source = self.nodes[to], self.nodes[sender].me
        if what == "part":
            piece = unpack(CODEC.decode(CODEC.encode(pack(rest[0], source))), source)
            assert piece == rest[0]
            self.follow(to, here.learn(source, piece))
        elif what == "compare":
            version, number = rest
            missing = here.missing(source, version)
            if missing is not None:
                self.send(to, sender, "lacking", missing)
            elif number in (None, digest(here.part(source))):
                self.send(to, sender, "agreed", version)
            else:
                assert link in self.torn, "who has all changes has the same part"
                self.torn.remove(link)
                self.follow(to, here.lost(source))
                self.send(to, sender, "lacking", ())
        elif what == "lacking":
            for piece in here.since(rest[0]).in_order(2):
                self.send(to, sender, "part", piece)
        else:
            self.agreed[to, sender] = max(self.agreed[to, sender], rest[0])
            here.agreed(min([self.agreed[to, each] for each in self.linked(to)]))

    @rule(link=st.sampled_from(sorted(permutations(NODES, 2))))
    def lose(self, link: tuple[str, str]) -> None:
        if self.links[link]:
            what, *rest = self.links[link].popleft()
            if (
                what == "part" and not rest[0].context
            ):  # one of the pieces of a whole, of which the last says it is all
                self.torn.add(link)

    @rule(node=st.sampled_from(NODES), seen=st.booleans())
    def compare(self, node: str, seen: bool = True) -> None:
        here = self.nodes[node]
        for other in self.linked(node):
            if not seen:
                self.send(node, other, "compare", max(0, here.version - 1), None)
            elif self.agreed[node, other] < here.version:
                self.send(node, other, "compare", here.version, digest(here.own))

    @rule(pair=st.sampled_from(PAIRS))
    def cut(self, pair: tuple[str, str]) -> None:
        if pair not in self.up:
            return
        self.up.remove(pair)
        for here, there in permutations(pair):
            self.links[here, there].clear()
            self.follow(here, self.nodes[here].lost(self.nodes[there].me))
            assert not any(claim.source[0] == there for claim in self.nodes[here].holders())
            assert not any(seat.source[0] == there for seat in self.nodes[here].seats(SERVICE))

    @rule(pair=st.sampled_from(PAIRS))
    def mend(self, pair: tuple[str, str]) -> None:
        if pair in self.up:
            return
        self.up.add(pair)
        for here, there in permutations(pair):
            self.agreed[here, there] = 0
            for piece in self.nodes[here].own.in_order(2):
                self.send(here, there, "part", piece)

    @rule(node=st.sampled_from(NODES))
    def crash(self, node: str) -> None:
        for pair in PAIRS:
            if node in pair:
                self.cut(pair)
        source = self.nodes[node].me
        self.incarnations[node] += 1
        self.nodes[node] = Directory(node, str(self.incarnations[node]))
        self.shown[node], self.seated[node] = {}, Counter()
        self.living = {claim for claim in self.living if claim.source != source}
        self.members[node].clear()
        self.running.discard(node)

    def teardown(self) -> None:
        for pair in PAIRS:
            self.mend(pair)
        for _ in range(6):
            while any(self.links.values()):
                for link in self.links:
                    self.deliver(link)
            for node in NODES:
                self.compare(node)
        assert not any(self.links.values()), "all agree in the end"
        for name in ("x", "y"):
            claims = [claim for claim in self.living if claim.name == name]
            assert len(claims) <= 1, "every loser was told"
            holder = claims[0] if claims else None
            assert all(node.holder(name) == holder for node in self.nodes.values())
        assert all(count == 1 for count in self.losers.values()), "every loser was told once"
        for name, node in self.nodes.items():
            assert {claim.name: claim for claim in node.holders()} == self.shown[name], (
                "every change was told"
            )
            assert Counter(node.seats(SERVICE)) == self.seated[name], "whoever came or went was told"
            there = [(seat.source[0], seat.key, seat.serial) for seat in node.seats(SERVICE)]
            assert Counter(there) == Counter(
                {
                    (other, *seat): n
                    for other in NODES
                    if other != name
                    for seat, n in self.members[other].items()
                }
            )
            assert node.served(SERVICE) == bool(self.running - {name})
            assert {*node.sources} <= {other.me for other in self.nodes.values()}, (
                "of the dead nothing is known"
            )
            for source in node.sources:
                part = node.part(source)
                assert len(part) == part.store.trie.size, "no marks of what was removed"
            assert not node._marks

    def linked(self, node: str) -> list[str]:
        return [other for other in NODES if tuple(sorted((node, other))) in self.up]

    def send(self, sender: str, to: str, *message: Any) -> None:
        self.links[sender, to].append(message)

    def follow(self, node: str, effects: list[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Tell):
                for other in self.linked(node):
                    self.send(node, other, "part", effect.delta)
                if not self.linked(node):
                    self.nodes[node].agreed(self.nodes[node].version)
            elif isinstance(effect, Changed):
                assert effect.holder != self.shown[node].get(effect.name), "a change changes something"
                self.shown[node].pop(effect.name, None)
                if effect.holder is not None:
                    self.shown[node][effect.name] = effect.holder
            elif isinstance(effect, Lost):
                assert effect.claim.source == self.nodes[node].me, "each node tells its own agents"
                assert effect.winner.name == effect.claim.name
                assert effect.winner.rank > effect.claim.rank
                self.losers[effect.claim] += 1
                self.living.remove(effect.claim)
            elif isinstance(effect, Entered):
                self.seated[node][effect.seat] += 1
                assert self.seated[node][effect.seat] == 1
            elif isinstance(effect, Left):
                assert self.seated[node][effect.seat] == 1
                del self.seated[node][effect.seat]
            else:
                assert not self.nodes[node].served(effect.service)


TestCluster = Cluster.TestCase
TestCluster.settings = settings(max_examples=soak(60, 2000), stateful_step_count=soak(40, 80))
