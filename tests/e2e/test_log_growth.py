"""Following logs of real supervisords without a stream, where their size is not told or their bytes are no text."""

from __future__ import annotations

import pytest

from tests.e2e.test_watch_logs import KEY, Collector, stage, without_streams
from tui.engine.logs import source as log_source
from tui.engine.logs.budget import StreamBudget
from tui.engine.logs.growth import MOST_PIECES, PIECE, ROTATED


def test_a_log_over_two_gibibytes_is_read_on_from_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    without_streams(monkeypatch)
    with stage() as scene:
        with scene.log.open("r+b") as file:
            file.truncate(3 << 30)
        scene.write(b"\n" + b"".join(b"past %d\n" % number for number in range(3_000)))
        scene.begin(history=4096)
        scene.collector.wait_for("past 2999")
        for number in range(5):
            scene.write(b"live %d\n" % number)
            scene.collector.wait_for(f"live {number}")
        assert scene.collector.texts()[-6:] == ["past 2999", *(f"live {number}" for number in range(5))]
        assert scene.collector.remarks() == []


def test_a_rotated_log_is_noticed_also_when_the_new_one_is_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    without_streams(monkeypatch)
    with stage(b"".join(b"before %d\n" % number for number in range(10))) as scene:
        scene.begin()
        scene.collector.wait_for("before 9")
        scene.write(b"live\n")
        scene.collector.wait_for("live")
        lines = b"".join(b"after %d\n" % number for number in range(100))
        scene.log.write_bytes(lines)
        scene.collector.wait_for("after 99")
        assert scene.collector.remarks() == [ROTATED]
        assert [text for text in scene.collector.texts() if text.startswith("after")] == lines.decode().split(
            "\n"
        )[:-1]


def test_bytes_that_are_no_text_are_told_of_and_what_comes_after_them_is_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    without_streams(monkeypatch)
    with stage(b"before\n") as scene:
        scene.begin()
        scene.collector.wait_for("before")
        scene.write(b"caf\xe9 \xff\n")
        scene.collector.wait(lambda: bool(scene.collector.remarks()), "a remark")
        for number in range(3):
            scene.write(b"after %d\n" % number)
            scene.collector.wait_for(f"after {number}")
        assert any("are left out here: they are not UTF-8" in remark for remark in scene.collector.remarks())
        assert not any("broke off" in remark for remark in scene.collector.remarks())


def test_a_log_that_is_no_text_gets_a_stream_from_the_reserve(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_source, "PROBE_SECONDS", 0.1)
    monkeypatch.setattr(StreamBudget, "__init__", lambda self, limit: setattr(self, "free", 0))
    with stage(b"before\n") as scene:
        scene.begin()
        scene.collector.wait_for("before")
        scene.write(b"caf\xe9\n")
        scene.collector.wait_for("caf\ufffd")
        scene.write(b"\xff after\n")
        scene.collector.wait_for("\ufffd after")
        assert scene.collector.texts() == ["before", "caf\ufffd", "\ufffd after"]
        assert scene.collector.remarks() == []


def test_what_comes_all_at_once_is_shown_or_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    without_streams(monkeypatch)
    with stage(b"before\n") as scene:
        scene.begin()
        scene.collector.wait_for("before")
        much = [f"much {number:06}" for number in range(PIECE * (MOST_PIECES - 1) // 12)]
        scene.write("".join(f"{line}\n" for line in much).encode())
        scene.collector.wait_for(much[-1])
        assert scene.collector.texts() == ["before", *much]
        scene.write(b"".join(b"flood %06d\n" % number for number in range(100_000)))
        scene.collector.wait(lambda: bool(scene.collector.remarks()), "a remark")
        assert "skipped here" in scene.collector.remarks()[0]
        scene.write(b"the end\n")
        scene.write(b"the very end\n")
        scene.collector.wait_for("the very end")


def test_a_log_is_followed_with_no_streams_at_all_by_the_configuration() -> None:
    with stage(b"past\n", streams=0) as scene:
        collector: Collector = scene.collector
        scene.begin()
        collector.wait_for("past")
        scene.write(b"live\n")
        collector.wait_for("live")
        assert collector.texts(KEY) == ["past", "live"]
        assert scene.engine._logs is not None
        assert scene.engine._logs._streams.free == 0
