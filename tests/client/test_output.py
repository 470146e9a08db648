"""Standard output: whole lines from any number of threads, to a reader that may go away."""

import os
import threading
import time

import pytest

from long_lived.client import output as output_module
from long_lived.client.output import MOST_KEPT, BatchedOutput, Output


def test_lines_of_many_threads_stay_whole() -> None:
    """Each line of fifty writers arrives once and in one piece."""
    reading, writing = os.pipe()
    lines = {
        f"{writer}-{number}-" + "x" * (97 * number) for writer in range(50) for number in range(40)
    }
    output = Output(writing)

    def write(writer: int) -> None:
        for line in sorted(line for line in lines if line.startswith(f"{writer}-")):
            output.write([line])

    received: list[str] = []
    with os.fdopen(reading) as stream:
        reader = threading.Thread(target=lambda: received.extend(stream))
        reader.start()
        writers = [threading.Thread(target=write, args=(writer,)) for writer in range(50)]
        for thread in writers:
            thread.start()
        for thread in writers:
            thread.join()
        os.close(writing)
        reader.join()
    assert sorted(received) == sorted(f"{line}\n" for line in lines)
    assert not output.broken.is_set()


def test_lines_of_one_call_stay_together() -> None:
    """Lines that are written together arrive in their order."""
    reading, writing = os.pipe()
    Output(writing).write(["a", "", "ü"])
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as stream:
        assert stream.read() == "a\n\nü\n"


def test_batched_lines_wait_for_others_or_for_the_flush() -> None:
    """Many are written at once, in their order; those that are too few to be many by the flush."""
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    output = BatchedOutput(writing)
    output.write(["a"])
    with pytest.raises(BlockingIOError):
        os.read(reading, 1)
    output.write("b" * (MOST_KEPT - 1))
    assert os.read(reading, 2 * MOST_KEPT) == b"a\n" + b"b\n" * (MOST_KEPT - 1)
    output.write(["c"])
    output.flush()
    assert os.read(reading, 9) == b"c\n"
    os.close(reading)
    os.close(writing)


def test_reader_that_is_gone_breaks_the_output_for_good() -> None:
    """Once the reader is gone, writing does nothing, says so, and raises nothing."""
    reading, writing = os.pipe()
    output = Output(writing)
    os.close(reading)
    try:
        for _ in range(3):
            output.write(["lost"])
            assert output.broken.is_set()
    finally:
        os.close(writing)


def test_stalled_reader_is_given_up_in_a_hurry() -> None:
    """In a hurry a writer gives up a stalled reader; otherwise it keeps waiting."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    try:
        while True:
            os.write(writing, b"x" * 65_536)
    except BlockingIOError:
        pass
    output = Output(writing)
    writer = threading.Thread(target=output.write, args=(["lost"],))
    writer.start()
    writer.join(0.3)
    assert writer.is_alive()
    output.hurry()
    writer.join(30)
    assert not writer.is_alive()
    assert output.broken.is_set()
    os.close(reading)
    os.close(writing)


def test_slow_reader_is_awaited_even_in_a_hurry(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A reader that keeps reading gets everything, however long it takes."""
    monkeypatch.setattr(output_module, "PATIENCE_SECONDS", 0.5)
    reading, writing = os.pipe()
    output = Output(writing)
    output.hurry()
    sent = "x" * 400_000
    writer = threading.Thread(target=output.write, args=([sent],))
    writer.start()
    received = b""
    while len(received) <= len(sent):
        time.sleep(0.02)
        received += os.read(reading, 8192)
    writer.join(30)
    assert not output.broken.is_set()
    assert received == sent.encode() + b"\n"
    os.close(reading)
    os.close(writing)
