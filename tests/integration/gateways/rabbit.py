"""A RabbitMQ of the tests' own: own ports, node name, cookie and data, on loopback only, and gone with the tests."""

import contextlib
import itertools
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from tests.integration.gateways.certificates import Authority

PROGRAMS = Path("/usr/lib/rabbitmq/bin")  # Debian's wrappers in /usr/sbin refuse all but root and rabbitmq
MISSING = "RabbitMQ is not installed: `apt-get install rabbitmq-server openssl` (the service need not run)"
WHO = "tests"  # who asks the broker for what is changed
ERL_CALL = next(
    map(str, sorted(Path("/usr/lib/erlang").glob("erts-*/bin/erl_call"))), "erl_call"
)  # of erlang-base
START = 180.0  # seconds a start may take on a busy machine
ORDER = 60.0  # and what it is told to do
PORTS = 10_000  # the lowest that is used

# Ends all of its process group when the tests have gone (however they went: then the files go too) or the broker has
# ended. The broker would start an epmd that is not of the group, and stays, if ours did not answer yet.
GUARD = """
tests=$1; shift
epmd -port $ERL_EPMD_PORT -address 127.0.0.1 &
until epmd -port $ERL_EPMD_PORT -names || ! kill -0 $tests; do sleep 0.05; done >/dev/null 2>&1
"$@" & broker=$!
trap 'kill -TERM $broker' TERM
while kill -0 $tests && kill -0 $broker; do sleep 0.2; done 2>/dev/null
kill -KILL $broker 2>/dev/null
kill -0 $tests 2>/dev/null || rm -rf "$HOME"
kill -KILL 0
"""

CONFIGURATION = """
listeners.tcp.local = 127.0.0.1:{amqp}
loopback_users = none
log.file.level = warning
vm_memory_high_watermark.absolute = 4GB
disk_free_limit.absolute = 50MB
listeners.ssl.local = 127.0.0.1:{amqps}
ssl_options.cacertfile = {ca}
ssl_options.certfile = {certificate}
ssl_options.keyfile = {key}
ssl_options.verify = verify_peer
ssl_options.fail_if_no_peer_cert = true
{more}
"""


# What a full queue rejects of that which expired elsewhere is tried again after three minutes by default.
ADVANCED = "[{rabbit, [{dead_letter_worker_publisher_confirm_timeout, 300}]}]."


_reserved: list[socket.socket] = []


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nobody listens on, and that no other run of the tests takes while this process lives.

    They are below those which the system gives to whoever connects or does not care: one of these would be taken by
    another while its broker is away, or by the very one who tries to reach it.
    """
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    ports = range(PORTS, max(lowest, PORTS + 2000))
    turned = (ports[(os.getpid() * 7 + n) % len(ports)] for n in range(len(ports)))
    found = list(itertools.islice(filter(_reserve, turned), count))
    assert len(found) == count, f"expected {count} free ports in {ports}, got: {found}"
    return found


def _reserve(port: int) -> bool:
    """Whether a port is free, and nobody's before; it is ours then."""
    mine = socket.socket(socket.AF_UNIX)
    try:
        mine.bind(f"\0cybernetic tests port {port}")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
    except OSError:
        mine.close()
        return False
    _reserved.append(mine)
    return True


def running(group: int) -> list[str]:
    """The processes of a group that have not ended."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = status.read_text().rpartition(")")
        except OSError:
            continue
        state, _, its_group, *_ = rest.split()
        if int(its_group) == group and state not in "ZX":
            found.append(name.partition("(")[2])
    return found


def installed() -> bool:
    """Whether there is a RabbitMQ to start."""
    return (PROGRAMS / "rabbitmq-server").exists() and shutil.which("openssl") is not None


class RabbitMQ:
    """A broker: `start()`, then `url`. `close()` ends it and removes what it left.

    `launch()` only begins the start, `wait()` waits until the broker answers. Over TLS (`tls_port`) it lets in only
    whom `authority` vouches for.
    """

    def __init__(self, *, configuration: str = "") -> None:
        if not installed():
            raise FileNotFoundError(MISSING)
        self.home = Path(tempfile.mkdtemp(prefix="cybernetic-rabbit-"))
        self.port, self.tls_port, self._dist, self._epmd, self._ctl = free_ports(5)
        self.authority = Authority(self.home / "tls")
        certificate, key = self.authority.certify("localhost")
        self._configuration = CONFIGURATION.format(
            amqp=self.port,
            amqps=self.tls_port,
            ca=self.authority.ca,
            certificate=certificate,
            key=key,
            more=configuration,
        )
        self._process: subprocess.Popen[bytes] | None = None
        self._alarm = False

    @property
    def url(self) -> str:
        """Its address, as the user guest."""
        return self.at()

    def at(self, user: str = "guest", password: str = "guest", vhost: str = "/", port: int = 0) -> str:
        """Its address with this user and virtual host (and, for a proxy, this port)."""
        path = "" if vhost == "/" else f"/{vhost}"
        return f"amqp://{user}:{password}@127.0.0.1:{port or self.port}{path}"

    # --- life ---------------------------------------------------------------------------------------------------

    def launch(self) -> None:
        """Begin to start; no effect where it runs."""
        if self._process and self._process.poll() is None:
            return
        (self.home / "rabbitmq.conf").write_text(self._configuration)
        (self.home / "env.conf").write_text("")
        (self.home / "plugins").write_text("[].")
        (self.home / "advanced.config").write_text(ADVANCED)
        command = ["sh", "-c", GUARD, "guard", str(os.getpid()), str(PROGRAMS / "rabbitmq-server")]
        with (self.home / "output").open("ab") as output:
            self._process = subprocess.Popen(
                command,
                env=self._environment(),
                cwd=self.home,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def wait(self) -> None:
        """Return when the broker answers."""
        end = time.monotonic() + START
        while not self.answers():
            if time.monotonic() > end or self._process is None or self._process.poll() is not None:
                raise RuntimeError(f"RabbitMQ did not start:\n{(self.home / 'output').read_text()[-3000:]}")
            time.sleep(0.1)

    def start(self) -> None:
        """Start, and return when the broker answers."""
        self.launch()
        self.wait()

    def stop(self) -> None:
        """Stop in an orderly way."""
        if self._process:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(ORDER)
            self.kill9()

    def kill9(self) -> None:
        """End it at once, and return when nothing of it holds a port any more."""
        if self._process:
            group = self._process.pid
            if running(group):
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(group, signal.SIGKILL)
            self._process.wait()
            while running(group):
                time.sleep(0.01)
            self._process = None

    def reset(self) -> None:
        """Be as at first, whatever a test has left that failed: running, without an alarm, without queues in "/"."""
        self.start()
        if self._alarm:
            self.clear_alarm()
        self.eval(
            'lists:foreach(fun(Queue) -> rabbit_amqqueue:delete(Queue, false, false, <<"tests">>) end,'
            ' rabbit_amqqueue:list(<<"/">>))'
        )

    def wipe(self) -> None:
        """Stop, and come back with an empty disk."""
        self.kill9()
        shutil.rmtree(self.home / "data", ignore_errors=True)
        self.start()

    def close(self) -> None:
        """End it and remove its files."""
        self.kill9()
        shutil.rmtree(self.home, ignore_errors=True)

    def freeze(self) -> None:
        """It holds still, its sockets stay open."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on."""
        os.kill(self.pid, signal.SIGCONT)

    @property
    def pid(self) -> int:
        """Process id of the Erlang machine."""
        return int((self.home / "pid").read_text())

    def answers(self) -> bool:
        """Whether it speaks AMQP at the moment."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), 5) as stream:
                stream.settimeout(30)
                stream.sendall(b"AMQP\x00\x00\x09\x01")
                return stream.recv(1) == b"\x01"
        except OSError:
            return False

    # --- orders -------------------------------------------------------------------------------------------------

    def ctl(self, *arguments: str) -> str:
        """Run rabbitmqctl; what it printed. Takes a second or two."""
        done = subprocess.run(
            [str(PROGRAMS / "rabbitmqctl"), "--quiet", *arguments],
            env=self._environment(),
            cwd=self.home,
            capture_output=True,
            text=True,
            timeout=ORDER,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"rabbitmqctl {' '.join(arguments)}: {done.stdout}{done.stderr}")
        return done.stdout

    def erl(self, function: str, *arguments: str | int) -> str:
        """Call a function of the broker's; what it answered. Takes a few ms; `ctl` starts a machine of its own."""
        said = ", ".join(f"<<{json.dumps(one)}>>" if isinstance(one, str) else str(one) for one in arguments)
        return self.eval(f"{function}({said})")

    def eval(self, expression: str) -> str:
        """Evaluate an Erlang expression in the broker; its value as text."""
        cookie = (self.home / ".erlang.cookie").read_text().strip()
        done = subprocess.run(
            [ERL_CALL, "-sname", f"tests{self.port}@localhost", "-c", cookie, "-e"],
            input=f"{expression}.\n",
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=ORDER,
            check=False,
        )
        if done.returncode or not done.stdout.startswith("{ok, "):
            raise RuntimeError(f"{expression}: {done.stdout}{done.stderr}")
        return done.stdout[5:-1]

    def queues(self) -> dict[str, int]:
        """The names of all queues of "/", and how many messages each has."""
        said = self.eval(
            'string:join([binary_to_list(element(4, Name)) ++ "=" ++ integer_to_list(Count)'
            ' || [{name, Name}, {messages, Count}] <- rabbit_amqqueue:info_all(<<"/">>, [name, messages])], "\n")'
        )
        rows = (row.rpartition("=") for row in json.loads(said or '""').splitlines()) if said != "[]" else ()
        return {name: int(count) for name, _, count in rows}

    def set_alarm(self) -> None:
        """Take no more messages (memory); on return every connection has been told."""
        self._alarm = True
        self._watermark(1_000_000)

    def clear_alarm(self) -> None:
        """Take messages again."""
        self._alarm = False
        self._watermark(4_000_000_000)

    def _watermark(self, bytes: int) -> None:
        """Set the limit of memory; the monitor only sends word of it to whoever raises the alarm."""
        self.eval(f"vm_memory_monitor:set_vm_memory_high_watermark({{absolute, {bytes}}})")
        end = time.monotonic() + ORDER
        while (self.eval("rabbit_alarm:get_alarms()") != "[]") != self._alarm:
            assert time.monotonic() < end, f"expected the alarm of a limit of {bytes} bytes to be told"
            time.sleep(0.01)

    def add_user(self, user: str, password: str, vhost: str = "/") -> None:
        """A user who may do everything in `vhost`."""
        self.erl("rabbit_auth_backend_internal:add_user", user, password, WHO)
        self.allow(user, vhost)

    def set_password(self, user: str, password: str) -> None:
        """Another password for a user who is there."""
        self.erl("rabbit_auth_backend_internal:change_password", user, password, WHO)

    def add_vhost(self, vhost: str) -> None:
        """A virtual host that guest may use."""
        self.close_vhost(vhost)
        self.allow("guest", vhost)

    def close_vhost(self, vhost: str) -> None:
        """A virtual host that nobody may use."""
        self.erl("rabbit_vhost:add", vhost, WHO)

    def allow(self, user: str, vhost: str) -> None:
        """Let a user do everything in `vhost`."""
        self.erl("rabbit_auth_backend_internal:set_permissions", user, vhost, ".*", ".*", ".*", WHO)

    def _environment(self) -> dict[str, str]:
        home = str(self.home)
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("RABBITMQ_", "ERL_"))
        }
        return kept | {
            "HOME": home,  # where the cookie is
            "LC_ALL": "C.UTF-8",
            "RABBITMQ_NODENAME": f"tests{self.port}@localhost",
            "RABBITMQ_CONF_ENV_FILE": f"{home}/env.conf",
            "RABBITMQ_CONFIG_FILE": f"{home}/rabbitmq",
            "RABBITMQ_ADVANCED_CONFIG_FILE": f"{home}/advanced.config",
            "RABBITMQ_GENERATED_CONFIG_DIR": f"{home}/generated",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{home}/plugins",
            "RABBITMQ_MNESIA_BASE": f"{home}/data",
            "RABBITMQ_LOG_BASE": f"{home}/log",
            "RABBITMQ_PID_FILE": f"{home}/pid",
            "RABBITMQ_DIST_PORT": str(self._dist),
            "RABBITMQ_CTL_DIST_PORT_MIN": str(self._ctl),
            "RABBITMQ_CTL_DIST_PORT_MAX": str(self._ctl),
            "RABBITMQ_CTL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-noinput -kernel inet_dist_use_interface {127,0,0,1}",
            "RABBITMQ_ALLOW_INPUT": "1",  # without a shell of its own between us and the Erlang machine
            "ERL_EPMD_PORT": str(self._epmd),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_CRASH_DUMP": "/dev/null",
        }
