"""Chains of causes: only what names a cause that is known has one."""

from cybernetic.apps.demo.frames import Banner, Line
from cybernetic.apps.demo.screen.why import chains

LOOP = Banner(10.0, "incident", "loop", "a loop")


def test_each_step_stands_below_its_cause() -> None:
    log = [
        Line(11.0, "a", "first", "1", "loop"),
        Line(12.0, "b", "second", "2", "1"),
        Line(13.0, "c", "other", "3", "loop"),
        Line(14.0, "d", "third", "4", "2"),
    ]
    (chain,) = chains([LOOP], log)
    assert [(step.depth, step.text) for step in chain] == [
        (0, "a loop"),
        (1, "first"),
        (2, "second"),
        (3, "third"),
        (1, "other"),
    ]


def test_the_latest_incident_comes_first() -> None:
    later = Banner(20.0, "incident", "storm", "a storm")
    luck = Banner(30.0, "luck", "viral", "a lucky day")
    assert [chain[0].text for chain in chains([LOOP, later, luck], [])] == ["a storm", "a loop"]


def test_what_names_no_known_cause_is_left_out() -> None:
    log = [Line(11.0, "a", "unknown", "1"), Line(12.0, "b", "lost", "2", "nowhere")]
    assert len(chains([LOOP], log)[0]) == 1


def test_a_circle_ends() -> None:
    log = [
        Line(11.0, "a", "one", "1", "loop"),
        Line(12.0, "b", "two", "2", "1"),
        Line(13.0, "c", "three", "1", "2"),
    ]
    assert len(chains([LOOP], log)[0]) == 4


def test_what_was_told_of_an_incident_follows_from_it() -> None:
    found = Banner(15.0, "consequence", "loop", "it was found")
    (chain,) = chains(
        [LOOP, found], [Line(11.0, "a", "first", "1", "loop"), Line(20.0, "b", "last", "2", "1")]
    )
    assert [(step.depth, step.text) for step in chain] == [
        (0, "a loop"),
        (1, "first"),
        (2, "last"),
        (1, "it was found"),
    ]
