"""A bell between two threads."""

import threading

from monitor.audio.wakeup import Wakeup


def test_a_ring_before_the_wait_is_kept():
    """Whoever waits after the ring does not wait at all: an hour-long wait returns."""
    bell = Wakeup()
    bell.ring()
    bell.wait(3600.0)


def test_ringing_twice_is_one_ring():
    """A second ring that nobody heard adds nothing, and the bell can be rung again after a wait."""
    bell = Wakeup()
    bell.ring()
    bell.ring()
    bell.wait(3600.0)
    bell.wait(0.0)
    bell.ring()
    bell.wait(3600.0)


def test_a_sleeping_thread_is_woken():
    """A thread that sleeps in an hour-long wait ends after one ring."""
    bell = Wakeup()
    thread = threading.Thread(target=bell.wait, args=(3600.0,))
    thread.start()
    bell.ring()
    thread.join(timeout=30.0)
    assert not thread.is_alive()


def test_several_ringers_at_once_do_no_harm():
    """Threads that ring the same bell at the same time never raise."""
    bell, errors = Wakeup(), []

    def ring_often():
        try:
            for _ in range(2000):
                bell.ring()
                bell.wait(0.0)
        except RuntimeError as error:
            errors.append(error)

    threads = [threading.Thread(target=ring_often) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30.0)
    assert errors == []
