"""A bell between two threads."""

import threading

from monitor.audio.wakeup import Wakeup


def test_a_ring_before_the_wait_is_kept():
    """Whoever waits after the ring does not wait at all: an hour-long wait returns."""
    wakeup = Wakeup()
    wakeup.notify()
    wakeup.wait(3600.0)


def test_ringing_twice_is_one_ring():
    """A second ring that nobody heard adds nothing, and the bell can be rung again after a wait."""
    wakeup = Wakeup()
    wakeup.notify()
    wakeup.notify()
    wakeup.wait(3600.0)
    wakeup.wait(0.0)
    wakeup.notify()
    wakeup.wait(3600.0)


def test_a_sleeping_thread_is_woken():
    """A thread that sleeps in an hour-long wait ends after one ring."""
    wakeup = Wakeup()
    thread = threading.Thread(target=wakeup.wait, args=(3600.0,))
    thread.start()
    wakeup.notify()
    thread.join(timeout=30.0)
    assert not thread.is_alive()


def test_several_ringers_at_once_do_no_harm():
    """Threads that ring the same bell at the same time never raise."""
    wakeup, errors = Wakeup(), []

    def ring_often():
        try:
            for _ in range(2000):
                wakeup.notify()
                wakeup.wait(0.0)
        except RuntimeError as error:
            errors.append(error)

    threads = [threading.Thread(target=ring_often) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30.0)
    assert errors == []
