"""Messages that wait: bounded, the newest win, and their order is kept."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from monitor.serve.senders.outbox import Message, Outbox

LIMIT = 5


@given(st.lists(st.sampled_from(["put", "take", "return"])))
def test_every_message_is_sent_waiting_or_dropped(steps):
    """In the order in which they came, whatever is taken and put back in between."""
    box, number, in_hand, sent = Outbox(LIMIT), 0, [], []
    for step in steps:
        if step == "put":
            number += 1
            box.put(Message(str(number), "{}"))
        elif step == "take" and (message := box.take()) is not None:
            in_hand.append(message)
        elif step == "return":
            sent += in_hand[: len(in_hand) // 2]
            box.put_back(in_hand[len(in_hand) // 2 :])
            in_hand = []
        assert len(box) <= LIMIT
    sent += in_hand
    waiting = []
    while (message := box.take()) is not None:
        waiting.append(message)
    assert len(sent) + len(waiting) + box.dropped == number
    assert [int(message.name) for message in waiting] == sorted(int(message.name) for message in waiting)


def test_what_is_put_back_is_older():
    """So it is dropped first."""
    box = Outbox(2)
    for name in "abc":
        box.put(Message(name, "{}"))
    first = box.take()
    box.put(Message("d", "{}"))
    box.put_back([first])
    assert [box.take().name, box.take().name, box.take()] == ["c", "d", None]
    assert box.dropped == 2
