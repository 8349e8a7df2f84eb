"""What the command of the demonstration refuses: one sentence that says what to do, status 2."""

import pytest

from cybernetic.apps import main


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--seed", "many"], "expected a whole number, 0 or more, such as 7, got: 'many'"),
        (["--seed", "-3"], "--seed: expected a whole number, 0 or more, such as 7, got: '-3'"),
        (["--seed", "1.5"], "such as 7, got: '1.5'"),
        (["--seed"], "expected one argument"),
        (["--sped", "4"], "expected one of its switches, got: '--sped', did you mean --speed?"),
        (["--fats"], "got: '--fats', did you mean --fast?"),
        (["--seeds=4"], "got: '--seeds', did you mean --seed?"),
        (["now"], "expected no more words, got: 'now'"),
        (["--against", "gatway"], "expected plain or gateway, got: 'gatway', did you mean gateway?"),
        (["--against", "viable"], "expected plain or gateway, got: 'viable'"),
        (["--speed", "fast"], "expected a number from 1 to 3600 such as 60, got: 'fast'"),
        (["--speed", "0"], "expected a number from 1 to 3600 such as 60, got: '0'"),
        (["--speed", "nan"], "expected a number from 1 to 3600 such as 60, got: 'nan'"),
        (["--sweep", "0"], "expected a whole number from 1 to 200, got: '0'"),
        (["--sweep", "201"], "expected a whole number from 1 to 200, got: '201'"),
        (["--amqp", "foo"], "--amqp: expected amqp[s]://user[:password]@host[:port][/vhost], got: 'foo'"),
        (["--amqp", "amqp://host:9x"], "got: 'amqp://host:9x'"),
        (["--amqp", "amqp:///shop"], "got: 'amqp:///shop'"),
        (["--seed", "7", "--sweep", "3"], "--sweep does not go with --seed: leave one out"),
        (["--sweep", "3", "--without", "s2"], "--sweep does not go with --without"),
        (["--fast", "--nodes", "2"], "--nodes does not go with --fast"),
        (["--seed", "0", "--amqp", "amqp://host"], "--amqp does not go with --seed"),
        (["--nodes", "2", "--amqp", "amqp://host"], "--amqp: not allowed with argument --nodes"),
        (["--plain", "--fast"], "--fast does not go with --plain"),
        (["--step", "--plain"], "--plain does not go with --step"),
        (["--step", "--speed", "9"], "--step does not go with --speed"),
        (["--seconds", "9"], "--seconds goes with --nodes or --amqp: add one of them"),
        (["--without", "s5"], "expected some of s2, s3, s3star, s4, algedonic, got: 's5', did you mean s"),
        (["--without", "s2,alge"], "got: 'alge', did you mean algedonic?"),
    ],
)
def test_a_wrong_word_is_told_in_one_sentence(
    words: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["demo", *words])
    assert ended.value.code == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("cybernetic demo: ")
    assert said.err.count("\n") == 1
    assert says in said.err
