"""Thespian actors. A process imports this module by name, so they do not stand in the main file."""

from typing import Any

from thespian.actors import Actor

from benchmarks.harness import BODY, now

BURST = 500  # its transport blocks the sender above 950 queued messages, and drops above 1,050


class Receiver(Actor):  # type: ignore[misc]
    """Counts what it is told, asks for more after each burst, answers questions."""

    seen = 0

    def receiveMessage(self, message: Any, sender: Any) -> None:  # noqa: N802
        match message:
            case ("tell", _):
                self.seen += 1
            case ("tell more", _):
                self.seen += 1
                self.send(sender, ("more",))
            case ("count",):
                self.send(sender, ("counted", self.seen))
                self.seen = 0
            case ("ping", _):
                self.send(sender, ("pong",))


class Sender(Actor):  # type: ignore[misc]
    """Tells one receiver `n` times, a burst when it asks for more; then has it say how many arrived."""

    def receiveMessage(self, message: Any, sender: Any) -> None:  # noqa: N802
        match message:
            case ("go", receiver, n, bounded):
                self.receiver, self.left, self.asker = receiver, n, sender
                self.bounded, self.began = bounded, now()
                self.burst()
            case ("more",):
                self.burst()
            case ("counted", seen):
                self.send(self.asker, ("done", now() - self.began, seen))

    def burst(self) -> None:
        n = min(self.left, BURST) if self.bounded else self.left
        self.left -= n
        for i in range(n):
            last = self.bounded and i == n - 1
            self.send(self.receiver, ("tell more" if last and self.left else "tell", BODY))
        if not self.left:
            self.send(self.receiver, ("count",))


class Caller(Actor):  # type: ignore[misc]
    """Asks one receiver `n` times, one question after the other."""

    def receiveMessage(self, message: Any, sender: Any) -> None:  # noqa: N802
        match message:
            case ("go", receiver, n):
                self.receiver, self.left, self.asker, self.each = receiver, n, sender, list[float]()
                self.ask()
            case ("pong",):
                self.each.append(now() - self.asked)
                self.left -= 1
                if self.left:
                    self.ask()
                else:
                    self.send(self.asker, ("done", self.each))

    def ask(self) -> None:
        self.asked = now()
        self.send(self.receiver, ("ping", BODY))
