"""From a configuration to the arguments of `System`: every one arrives, and each is one that it takes."""

import argparse
import inspect
from pathlib import Path

import pytest

from cybernetic.apps.commands.node import joined, node_name
from cybernetic.apps.config.flags import NODE, RUN, Flag, add_flags, configured
from cybernetic.apps.config.load import ConfigError, Loaded, load
from cybernetic.apps.config.options import OPTIONS, ClusterSection, Config, SystemSection, TlsSection
from cybernetic.apps.config.system import door_options, read_secret, system_options
from cybernetic.core import OptionError
from cybernetic.nodes import System, Tls

OF_SYSTEM = {key for key in OPTIONS if not key.startswith("amqp.")}  # the broker is a gateway's
NOT_OF_SYSTEM = {"system.name", "system.log", "cluster.secret_file"}


def _configured(folder: Path, flags: tuple[Flag, ...], *arguments: str, text: str = "") -> Loaded:
    (folder / "cybernetic.toml").write_text(text)
    parser = argparse.ArgumentParser()
    add_flags(parser, flags)
    return configured(parser.parse_args([*arguments, "--config", str(folder / "cybernetic.toml")]), {})


def test_everything_configured_arrives() -> None:
    config = Config(
        SystemSection(name="shop", nodes=2, tune_gc=False, watchdog=None, log="debug"),
        ClusterSection(
            name="first",
            listen=("tcp:127.0.0.1:1", "tcp:127.0.0.1:2"),
            announce="10.0.0.5",
            host="shop-1",
            join=("tcp:127.0.0.1:3",),
            capabilities={"gpu": True},
            node_dead_after=7.0,
            lag_after=2.0,
        ),
        TlsSection(cert=Path("cert.pem"), key=Path("key.pem")),
    )
    assert system_options(config) == {
        "nodes": 2,
        "tune_gc": False,
        "watchdog": None,
        "node": "first",
        "listen": ("tcp:127.0.0.1:1", "tcp:127.0.0.1:2"),
        "announce": "10.0.0.5",
        "host": "shop-1",
        "join": ("tcp:127.0.0.1:3",),
        "capabilities": {"gpu": True},
        "node_dead_after": 7.0,
        "lag_after": 2.0,
        "tls": Tls(Path("cert.pem"), Path("key.pem")),
    }


def test_system_takes_every_argument_and_every_key_is_one() -> None:
    found = system_options(Config())
    assert set(found) <= set(inspect.signature(System).parameters)
    assert len(found) == len(OF_SYSTEM - NOT_OF_SYSTEM) - 1  # cert and key are one
    System(**found)


def test_a_door_makes_one_node_and_is_none() -> None:
    config = Config(cluster=ClusterSection(join=("tcp:127.0.0.1:3",)))
    found = door_options(config, "edge")
    assert (found["nodes"], found["node"], found["only_door"]) == (["edge"], "edge.door", True)
    assert found["join"] == ("tcp:127.0.0.1:3",)


def test_a_door_to_nowhere_is_refused() -> None:
    with pytest.raises(OptionError, match="--join ADDRESS or --listen ADDRESS"):
        door_options(Config(), "edge")


def test_flags_win_over_the_file_and_repeat(tmp_path: Path) -> None:
    text = '[system]\nnodes = 1\n[cluster]\nlisten = "tcp:127.0.0.1:9"\nname = "filed"\n'
    flags = ["--nodes", "3", "--join", "tcp:a:1", "--join", "tcp:b:2"]
    flags += ["--capability", "gpu=true", "--capability", 'release="8"']
    loaded = _configured(tmp_path, RUN, *flags, text=text)
    cluster = loaded.config.cluster
    assert loaded.config.system.nodes == 3
    assert (cluster.join, cluster.listen, cluster.name) == (
        ("tcp:a:1", "tcp:b:2"),
        ("tcp:127.0.0.1:9",),
        "filed",
    )
    assert cluster.capabilities == {"gpu": True, "release": "8"}
    assert loaded.sources["cluster.join"] == "flag --join"


@pytest.mark.parametrize("flag", {*RUN, *NODE}, ids=lambda flag: flag.name)
def test_every_flag_stands_for_a_key(flag: Flag) -> None:
    assert flag.many == OPTIONS[flag.key].kind.many


def test_a_node_is_called_as_configured_or_as_its_host(tmp_path: Path) -> None:
    assert node_name(_configured(tmp_path, NODE, "--name", "main"), "box") == "main"
    assert node_name(_configured(tmp_path, NODE), "box") == "box"
    assert node_name(_configured(tmp_path, NODE), "") == "node"


def test_a_node_says_how_far_it_got() -> None:
    assert joined("edge", ["edge.door", "edge", "main"], ()) == "node edge joined main"
    assert (
        joined("edge", ["edge.door", "edge"], ("tcp:h:1",))
        == "node edge waits for others; listens at tcp:h:1"
    )


def test_the_secret_comes_from_the_file_before_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CYBERNETIC_SECRET", "of the environment")
    file = tmp_path / "secret"
    file.write_text("of the file, long enough\n")
    file.chmod(0o600)
    (read,) = read_secret(Config(cluster=ClusterSection(secret_file=file))).values()
    assert read.reveal() == b"of the file, long enough"
    (read,) = read_secret(Config()).values()
    assert read.reveal() == b"of the environment"


def test_without_a_secret_only_a_host_on_its_own_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CYBERNETIC_SECRET", raising=False)
    assert read_secret(Config()) == {}
    with pytest.raises(OptionError, match="chmod 600 secret"):
        read_secret(Config(cluster=ClusterSection(listen=("tcp:127.0.0.1:1",))))


def test_what_is_loaded_by_default_is_the_default() -> None:
    assert load(environ={}, start=Path("/")).config == Config()


def test_a_host_may_be_told_to_listen_nowhere(tmp_path: Path) -> None:
    for loaded in (
        _configured(tmp_path, NODE, "--join", "tcp:127.0.0.1:3", "--listen", "nowhere"),
        _configured(tmp_path, NODE, "--join", "tcp:127.0.0.1:3", text='[cluster]\nlisten = "nowhere"\n'),
    ):
        assert system_options(loaded.config)["listen"] is False
        System(**system_options(loaded.config), secret="0123456789abcdef")
    with pytest.raises(ConfigError, match="nowhere"):
        _configured(tmp_path, NODE, "--listen", "nowhere", "--listen", "tcp:127.0.0.1:3")
    with pytest.raises(OptionError, match="--join ADDRESS or --listen ADDRESS"):
        door_options(Config(cluster=ClusterSection(listen=("nowhere",))), "edge")


@pytest.mark.parametrize("flags", [RUN, NODE], ids=["run", "node"])
def test_a_host_says_by_what_name_and_at_which_ports_it_is_reached(
    flags: tuple[Flag, ...], tmp_path: Path
) -> None:
    given = ["--listen", "tcp:0.0.0.0:4711-4713", "--announce", "fd00::5"]
    found = system_options(_configured(tmp_path, flags, *given).config)
    assert (found["listen"], found["announce"]) == (("tcp:0.0.0.0:4711-4713",), "fd00::5")
    System(**found, secret="0123456789abcdef")


@pytest.mark.parametrize(
    ("flag", "value"),
    [
        ("--announce", "10.0.0.5:4711"),
        ("--announce", "a b"),
        ("--listen", "tcp:h:4713-4711"),
        ("--listen", "tcp:h:0-5"),
        ("--listen", "tcp:h:1-"),
        ("--listen", "tcp:h:1-99999"),
        ("--join", "tcp:h:1-2"),
    ],
)
def test_what_is_no_host_or_no_range_of_ports_is_refused(flag: str, value: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="flag " + flag):
        _configured(tmp_path, RUN, flag, value)
