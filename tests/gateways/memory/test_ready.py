"""The order in which messages wait."""

from hypothesis import given
from hypothesis import strategies as st

from cybernetic.gateways.broker.memory.ready import Entry, Line, Lines
from cybernetic.gateways.broker.messages import Message

STEPS = st.lists(st.one_of(st.none(), st.integers(0, 12)), max_size=60)


@given(STEPS, st.sampled_from([None, 3]))
def test_what_is_put_back_stands_where_it_stood(steps: list[int | None], most: int | None) -> None:
    """None takes the head; a number adds a message of that priority, or puts back what was taken before."""
    line: Line | Lines = Line() if most is None else Lines(most)
    model: list[Entry] = []
    taken: list[Entry] = []
    place = 0

    def order(entry: Entry) -> tuple[int, int]:
        priority = entry.message.priority or 0
        return (0 if most is None else -min(priority, most), entry.place)

    for step in steps:
        if step is None and model:
            assert line.head() is model[0]
            taken.append(line.pop())
            assert taken[-1] is model.pop(0)
        elif step is not None and step > 6 and taken:
            model.append(taken.pop(step % len(taken)))
            line.put_back(model[-1])
        else:
            place += 1
            model.append(Entry(Message(b"x" * place, priority=step), place))
            line.add(model[-1])
        model.sort(key=order)
        assert list(line) == model
        assert len(line) == len(model)
        assert line.bytes == sum(len(entry.message.body) for entry in model)
        assert line.head() is (model[0] if model else None)
