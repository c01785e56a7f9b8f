from __future__ import annotations

import subprocess
import sys

import pytest

from sketchfit.workers.mailbox import Letter, Mailbox, Receipt


def letter(number: int) -> Letter:
    return Letter(0, 1, b"%d" % number)


def test_letters_are_taken_in_order_and_once() -> None:
    mailbox = Mailbox()
    for number in (1, 2):
        mailbox.send(letter(number), number)
    receipt, found = mailbox.take(Receipt(), 0)
    assert found == [letter(1), letter(2)]
    mailbox.send(letter(3), 3)
    receipt, found = mailbox.take(receipt, 0)
    assert found == [letter(3)]
    assert mailbox.take(receipt, 0) == (receipt, [])


def test_a_reply_that_was_lost_loses_no_letters() -> None:
    mailbox = Mailbox()
    mailbox.send(letter(1), 1)
    first, _ = mailbox.take(Receipt(), 0)
    mailbox.send(letter(2), 2)
    lost, _ = mailbox.take(first, 0)
    mailbox.send(letter(3), 3)
    received, found = mailbox.take(first, 0)
    assert found == [letter(2), letter(3)]
    assert received.letters == lost.letters + 1


def test_a_call_that_ray_repeats_leaves_one_letter() -> None:
    mailbox = Mailbox()
    for number in (1, 1, 2, 1):
        mailbox.send(letter(number), number)
    mailbox.send(Letter(0, 2, b"of the next worker"), 1)
    assert [one.messages for one in mailbox.take(Receipt(), 0)[1]] == [b"1", b"2", b"of the next worker"]


def test_a_mailbox_that_was_started_again_returns_all_and_knows_requests_after_the_first_call() -> None:
    before = Mailbox()
    before.send(letter(1), 1)
    receipt, _ = before.take(Receipt(), 2)
    assert before.send(letter(2), 2) == 2
    after = Mailbox()
    assert after.send(letter(3), 3) == 0
    _, found = after.take(receipt, 2)
    assert found == [letter(3)]
    assert after.send(letter(4), 4) == 2


@pytest.mark.parametrize("name", ["mailbox", "node_facts"])
def test_small_processes_import_no_torch(name: str) -> None:
    script = f"import sys; import sketchfit.workers.{name}; print(sorted({{'torch', 'ray'}} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
