"""The threads beside the screen: in turn, stopped at once, and never heard of again."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from twsla.errors import Cancelled, UsageError
from twsla.views.work import Worker, sentence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from twsla.progress import Progress


class Desk:
    """A thread of the screen, without a screen."""

    def __init__(self) -> None:
        self.calls: list[Callable[[], None]] = []
        self.interrupted: list[int] = []
        self.seen: list[object] = []
        self.worker = Worker("test", self.calls.append, self.interrupted.append)

    def submit(self, run: Callable[[Progress], object]) -> None:
        self.worker.submit("working", run, self.seen.append, self.seen.append)

    def settle(self, until: Callable[[], bool] = lambda: False) -> None:
        """Do what was delivered, for a while."""
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline and (self.worker.current is not None or self.calls or not until()):
            while self.calls:
                self.calls.pop(0)()
            if self.worker.current is None and not self.calls:
                return
            time.sleep(0.005)


@pytest.fixture
def desk() -> Iterator[Desk]:
    made = Desk()
    yield made
    made.worker.close()


def test_work_is_done_in_turn_and_delivered_by_the_screens_thread(desk: Desk) -> None:
    threads = []

    def work(progress: Progress, number: int) -> int:
        threads.append(threading.current_thread())
        return number

    for number in range(5):
        desk.submit(lambda progress, number=number: work(progress, number))  # type: ignore[misc]
    desk.settle()

    assert desk.seen == [0, 1, 2, 3, 4]
    assert {thread.name for thread in threads} == {"test"}


def test_what_goes_wrong_is_delivered_too(desk: Desk) -> None:
    error = UsageError("no such thing", hint="another")

    def work(progress: Progress) -> None:
        raise error

    desk.submit(work)
    desk.settle()

    assert desk.seen == [error]
    assert sentence(error) == "no such thing (another)"
    with pytest.raises(ZeroDivisionError):
        sentence(ZeroDivisionError())


def test_a_cancelled_job_delivers_nothing_and_the_next_one_runs(desk: Desk) -> None:
    begun = threading.Event()

    def endless(progress: Progress) -> None:
        begun.set()
        while True:
            progress.check()
            time.sleep(0.001)

    desk.submit(endless)
    begun.wait(5)
    desk.submit(lambda progress: "queued")
    desk.worker.cancel()
    desk.submit(lambda progress: "next")
    desk.settle()

    assert desk.seen == ["next"]
    assert len(desk.interrupted) == 1


def test_a_statement_that_is_interrupted_is_no_error(desk: Desk) -> None:
    def work(progress: Progress) -> None:
        raise Cancelled

    desk.submit(work)
    desk.settle()

    assert desk.seen == []


def test_what_goes_on_is_interrupted_again(desk: Desk) -> None:
    begun, end = threading.Event(), threading.Event()

    def connecting(progress: Progress) -> None:
        begun.set()
        end.wait(10)

    desk.worker.insist()
    desk.submit(connecting)
    begun.wait(5)
    desk.worker.insist()
    assert desk.interrupted == []
    desk.worker.cancel()
    desk.worker.insist()
    assert len(desk.interrupted) == 2
    end.set()


def test_closing_stops_what_can_be_stopped(desk: Desk) -> None:
    begun = threading.Event()

    def endless(progress: Progress) -> None:
        begun.set()
        while True:
            progress.check()
            time.sleep(0.001)

    desk.submit(endless)
    begun.wait(5)

    began = time.monotonic()
    assert desk.worker.close()
    assert time.monotonic() - began < 1
    desk.submit(lambda progress: "too late")
    desk.settle()
    assert desk.seen == []


def test_what_cannot_be_stopped_does_not_hold_up_the_end(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twsla.views.work.PATIENCE_S", 0.2)
    begun, end = threading.Event(), threading.Event()

    def deaf(progress: Progress) -> None:
        begun.set()
        end.wait(10)

    desk.submit(deaf)
    begun.wait(5)
    began = time.monotonic()

    assert not desk.worker.close()
    assert time.monotonic() - began < 2
    end.set()


def test_progress_tells_what_is_done(desk: Desk) -> None:
    done = threading.Event()
    lines = []

    def work(progress: Progress) -> None:
        progress.message("saving a.csv")
        progress.advance("rows", 1_234_567)
        progress.advance("bytes", 5)
        current = desk.worker.current
        assert current is not None
        lines.append(current.progress.line("/"))
        done.set()

    desk.submit(work)
    done.wait(5)
    desk.settle()

    assert lines == ["/ saving a.csv  1,234,567 rows"]
