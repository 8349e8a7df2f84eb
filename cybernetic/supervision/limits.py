"""What a process of its own may use: `child(..., isolate=Limits(address_space=2**30))`."""

from dataclasses import dataclass

from cybernetic.core import number, whole


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of an isolated agent's process; None: no limit of ours.

    A limit that the machine does not offer is refused when the process is to be made: the start fails, and says so.

    Attributes:
        address_space: bytes the process may map (RLIMIT_AS); beyond, allocations raise `MemoryError`. At least 64 MiB.
        cpu_seconds: seconds of processor time (RLIMIT_CPU), rounded up; then the system kills it.
        memory: bytes of memory in use (cgroup v2 `memory.max`), for which a cgroup must be writable.
        cpus: processors it may keep busy (cgroup v2 `cpu.max`), 0.5 for half of one.
    """

    address_space: int | None = None
    cpu_seconds: float | None = None
    memory: int | None = None
    cpus: float | None = None

    def __post_init__(self) -> None:
        if self.address_space is not None:
            whole("address_space", self.address_space, least=64 * 2**20)
        if self.cpu_seconds is not None:
            number("cpu_seconds", self.cpu_seconds, above=0)
        if self.memory is not None:
            whole("memory", self.memory, least=16 * 2**20)
        if self.cpus is not None:
            number("cpus", self.cpus, above=0)
