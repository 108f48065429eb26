"""Slots let a few in at once, first come first served."""

from __future__ import annotations

import threading

from local.batch_queue import Slots
from tests.local.embedded import wait_for


def test_no_more_are_in_than_there_are_slots() -> None:
    slots, never, inside = Slots(1), threading.Event(), []
    assert slots.take(never)
    waiter = threading.Thread(target=lambda: inside.append(slots.take(never)), daemon=True)
    waiter.start()
    waiter.join(0.05)
    assert inside == []
    slots.give_back()
    waiter.join(5)
    assert inside == [True]


def test_one_who_is_cancelled_gives_up_its_place_in_the_line() -> None:
    slots, cancelled, answers = Slots(0), threading.Event(), []
    waiter = threading.Thread(target=lambda: answers.append(slots.take(cancelled)), daemon=True)
    waiter.start()
    cancelled.set()
    slots.wake()
    wait_for(lambda: answers)
    assert answers == [False]


def test_closing_lets_nobody_wait() -> None:
    slots, never = Slots(0), threading.Event()
    slots.close()
    assert not slots.take(never)
    assert not slots.wait_until(lambda: False, never)
