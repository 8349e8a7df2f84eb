"""The configuration: layers in order, every value with its source, every mistake at once."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from cybernetic.apps.config.layers import find_file
from cybernetic.apps.config.load import ConfigError, load
from cybernetic.apps.config.options import OPTIONS, Config
from cybernetic.apps.config.write import shown, template


def _file(folder: Path, text: str) -> Path:
    path = folder / "cybernetic.toml"
    path.write_text(text)
    return path


def _problems(folder: Path, text: str, **layers: Any) -> list[str]:
    with pytest.raises(ConfigError) as found:
        load(_file(folder, text), **{"environ": {}, **layers})
    return [problem.replace(f"{folder}/", "") for problem in found.value.problems]


def test_flags_win_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    path = _file(tmp_path, '[system]\nname = "file"\nnodes = 1\nlog = "error"\n')
    environ = {"CYBERNETIC_SYSTEM_NODES": "2", "CYBERNETIC_SYSTEM_LOG": "debug", "CYBERNETIC_SOAK": "1"}
    loaded = load(path, environ=environ, flags={"system.log": ("--log", "warning")})
    assert (loaded.config.system.name, loaded.config.system.nodes, loaded.config.system.log) == (
        "file",
        2,
        "warning",
    )
    assert loaded.sources["system.name"] == f"{path}:2"
    assert loaded.sources["system.nodes"] == "environment CYBERNETIC_SYSTEM_NODES"
    assert loaded.sources["system.log"] == "flag --log"
    assert loaded.sources["system.tune_gc"] == "default"


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    text = '[system]\nnodes = -1\n[cluster]\nlissen = "x"\nsecret = "hush"\n[clutser]\n'
    problems = _problems(tmp_path, text, flags={"system.log": ("--log", "loud")})
    assert problems[0] == "cybernetic.toml:2: system.nodes: expected an integer >= 0, got: -1"
    assert "cybernetic.toml:4: cluster.lissen: expected one of name, listen, " in problems[1]
    assert problems[1].endswith(", did you mean listen?")
    assert "cluster.secret: expected cluster.secret_file" in problems[2]
    assert "hush" not in "".join(problems)
    assert problems[3].endswith("clutser: expected one of system, cluster, tls, amqp, did you mean cluster?")
    assert problems[4].startswith("flag --log: system.log: expected one of debug, ")
    assert len(problems) == 5


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("system.nodes", "many"),
        ("system.watchdog", "nan"),
        ("system.tune_gc", "maybe"),
        ("cluster.listen", "tcp:host"),
        ("cluster.listen", "tcp:host:99999"),
        ("cluster.join", "tcp:a:1,nowhere"),
        ("cluster.capabilities", "gpu"),
        ("cluster.lag_after", "20"),
        ("tls.cert", "only.pem"),
    ],
)
def test_what_cannot_be_is_refused(key: str, text: str) -> None:
    with pytest.raises(ConfigError, match=r"expected .*, got: "):
        load(Path("/dev/null"), environ={OPTIONS[key].variable: text})


def test_text_from_outside_becomes_typed_values() -> None:
    environ = {
        "CYBERNETIC_CLUSTER_JOIN": "tcp:a:1, tcp:[::1]:2",
        "CYBERNETIC_CLUSTER_CAPABILITIES": "gpu=true,cores=8,zone=eu",
        "CYBERNETIC_SYSTEM_WATCHDOG": "off",
    }
    config = load(Path("/dev/null"), environ=environ).config
    assert config.cluster.join == ("tcp:a:1", "tcp:[::1]:2")
    assert config.cluster.capabilities == {"gpu": True, "cores": 8, "zone": "eu"}
    assert config.system.watchdog is None


def test_the_written_file_changes_nothing_and_names_every_option(tmp_path: Path) -> None:
    assert load(_file(tmp_path, template()), environ={}).config == Config()
    assert all(option.variable in template() for option in OPTIONS.values())


def test_its_examples_can_be_used_as_they_stand(tmp_path: Path) -> None:
    names = tuple(f"# {option.name} = " for option in OPTIONS.values())
    lines = [line[2:] if line.startswith(names) else line for line in template().splitlines()]
    text = "\n".join(lines)
    assert sum(map(len, tomllib.loads(text).values())) == len(OPTIONS)
    assert load(_file(tmp_path, text), environ={}).config.system.name == "shop"


def test_the_nearest_file_upward_is_found(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    assert find_file(tmp_path / "a" / "b") in (None, *[f / "cybernetic.toml" for f in tmp_path.parents])
    path = _file(tmp_path, "")
    assert find_file(tmp_path / "a" / "b") == path


def test_a_relative_path_in_a_file_starts_there_and_the_secret_is_not_shown(tmp_path: Path) -> None:
    loaded = load(_file(tmp_path, '[cluster]\nsecret_file = "key"\n'), environ={})
    assert loaded.config.cluster.secret_file == tmp_path / "key"
    assert shown(loaded, {})[-1] == ("secret", "set", f"from {tmp_path / 'key'}")
    rows = shown(load(Path("/dev/null"), environ={}), {"CYBERNETIC_SECRET": "hush"})
    assert rows[-1] == ("secret", "set", "from environment CYBERNETIC_SECRET")


def test_the_broker_s_password_is_in_no_file_and_its_variable_is_no_mistake(tmp_path: Path) -> None:
    file = tmp_path / "cybernetic.toml"
    file.write_text('[amqp]\nurl = "amqps://shop@broker/shop"\n')
    loaded = load(file, environ={"CYBERNETIC_AMQP_PASSWORD": "a password"})
    assert loaded.config.amqp.url == "amqps://shop@broker/shop"
    assert "a password" not in repr(loaded)
    for text, expected in (
        ('password = "guest"', "CYBERNETIC_AMQP_PASSWORD"),
        ('url = "amqp://guest:guest@localhost"', "without a password"),
        ('url = "http://localhost"', "amqp"),
    ):
        file.write_text(f"[amqp]\n{text}\n")
        with pytest.raises(ConfigError, match=expected) as found:
            load(file, environ={})
        assert "guest:guest" not in str(found.value)
