"""Waking another thread."""

import threading

from monitor.audio.wakeup import Wakeup


def test_a_notification_before_the_wait_is_not_lost():
    """A wait after the notification returns at once, even with a timeout of an hour."""
    wakeup = Wakeup()
    wakeup.notify()
    wakeup.wait(3600.0)


def test_two_notifications_are_one():
    """A second notification before the wait adds nothing, and a new one is possible after the wait."""
    wakeup = Wakeup()
    wakeup.notify()
    wakeup.notify()
    wakeup.wait(3600.0)
    wakeup.wait(0.0)
    wakeup.notify()
    wakeup.wait(3600.0)


def test_a_sleeping_thread_is_woken():
    """A thread that sleeps in an hour-long wait ends after one notification."""
    wakeup = Wakeup()
    thread = threading.Thread(target=wakeup.wait, args=(3600.0,))
    thread.start()
    wakeup.notify()
    thread.join(timeout=30.0)
    assert not thread.is_alive()


def test_several_threads_may_notify_at_once():
    """Threads that notify the same object at the same time never raise."""
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
