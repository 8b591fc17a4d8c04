"""Paging back in logs of real supervisords, by offset, to their beginning."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from tests.e2e.test_watch import host, watching
from tests.e2e.test_watch_logs import Collector, Scene, stage
from tests.support.supervisord import running_supervisord, wait_until
from tui.engine.logs.following import LogFollow, LogLine
from tui.engine.logs.past import ANOTHER_FILE
from tui.model.process import ProcessKey


def earlier(follow: LogFollow) -> tuple[list[LogLine], bool]:
    """One page before what was shown, and whether there is more."""
    pages: list[tuple[list[LogLine], bool]] = []

    def take(lines: Sequence[LogLine], more: bool) -> None:
        pages.append((list(lines), more))

    follow.earlier(take)
    wait_until(lambda: bool(pages), seconds=20, what="a page of the past")
    return pages[0]


def all_before(follow: LogFollow, most_pages: int = 40) -> list[LogLine]:
    """Every line before what was shown, oldest first."""
    found: list[LogLine] = []
    for _ in range(most_pages):
        lines, more = earlier(follow)
        found[:0] = lines
        if not more:
            return found
    raise AssertionError("the past has no beginning")


def following(scene: Scene, history: int, last: str) -> LogFollow:
    scene.begin(history=history)
    scene.collector.wait_for(last)
    assert scene.follow is not None
    return scene.follow


def test_pages_lead_back_to_the_beginning_each_line_once() -> None:
    past = [f"line {number:06} with some wörds 漢字" for number in range(20_000)]
    with stage("".join(f"{line}\n" for line in past).encode()) as scene:
        follow = following(scene, 10_000, past[-1])
        scene.write(b"live\n")
        scene.collector.wait_for("live")
        before = all_before(follow)
        texts = [line.text for line in before if line.kind == "line"]
        assert texts + scene.collector.texts() == [*past, "live"]
        assert [line.text for line in before if line.kind == "note"] == ["the log begins here"]
        assert {line.arrived for line in before} == {0.0}
        assert earlier(follow) == ([], False)


def test_a_log_that_was_shown_whole_has_nothing_before() -> None:
    with stage(b"one\ntwo\n") as scene:
        assert earlier(following(scene, 64 * 1024, "two")) == ([], False)


def test_a_log_that_grew_while_its_end_was_read_is_paged_without_a_gap() -> None:
    past = [f"line {number:06}" for number in range(5_000)]
    with stage("".join(f"{line}\n" for line in past).encode()) as scene:
        stopped = threading.Event()

        def write() -> None:
            number = 0
            while not stopped.wait(0.002):
                scene.write(f"live {number}\n".encode() * 20)
                number += 1

        writer = threading.Thread(target=write)
        writer.start()
        try:
            scene.begin(history=4096)
            scene.collector.wait(lambda: bool(scene.collector.texts()), "anything")
            shown = scene.collector.texts()[0]
        finally:
            stopped.set()
            writer.join()
        assert scene.follow is not None
        texts = [line.text for line in all_before(scene.follow) if line.kind == "line"]
        if shown in past:
            assert texts == past[: past.index(shown)]
        else:
            assert texts[: len(past)] == past
            assert texts[-1].startswith("live")


def test_bytes_that_are_not_utf8_are_left_out_and_what_is_before_them_is_not_lost() -> None:
    first = b"".join(b"first %05d\n" % number for number in range(2_000))
    last = b"".join(b"last %05d\n" % number for number in range(2_000))
    with stage(first + b"caf\xe9 \xff\n" + last) as scene:
        follow = following(scene, 4096, "last 01999")
        before = all_before(follow)
        texts = [line.text for line in before if line.kind == "line"]
        everything = [f"first {number:05}" for number in range(2_000)]
        everything += [f"last {number:05}" for number in range(2_000)]
        shown = everything.index(scene.collector.texts()[0])
        assert sum(text not in everything for text in texts) <= 2  # the lines that are cut by it
        assert len(texts) > shown - 100  # what is left out is half a kilobyte around them
        assert any("not UTF-8" in line.text for line in before if line.kind == "note")


def test_a_log_of_nothing_but_other_bytes_has_an_end_too() -> None:
    with stage(b"\xe9\xff\n" * 100_000 + b"readable\n" * 1000) as scene:
        follow = following(scene, 1024, "readable")
        before = all_before(follow)
        assert sum(line.kind == "line" for line in before) > 800


def test_after_a_rotation_the_past_of_another_file_is_not_shown() -> None:
    with stage(b"".join(b"before %05d\n" % number for number in range(5_000))) as scene:
        follow = following(scene, 4096, "before 04999")
        scene.daemon.proxy.supervisor.clearProcessLogs("cat")
        scene.write(b"".join(b"other %06d\n" % number for number in range(10_000)))
        lines, more = earlier(follow)
        assert ([line.text for line in lines], more) == ([ANOTHER_FILE], False)


def test_a_log_of_three_gibibytes_is_paged_too() -> None:
    with stage() as scene:
        with scene.log.open("r+b") as file:  # sparse: NULs are text to supervisord
            file.truncate(3 << 30)
            file.seek(0, 2)
            file.write(b"\n" + b"".join(b"line %06d\n" % number for number in range(30_000)))
        follow = following(scene, 4096, "line 029999")
        shown = scene.collector.texts()[0]
        lines, more = earlier(follow)
        assert more
        everything = [f"line {number:06}" for number in range(30_000)]
        end = everything.index(shown)
        assert len(lines) > 10_000
        assert [line.text for line in lines] == everything[end - len(lines) : end]


def test_the_past_of_supervisords_own_log_is_read_by_offset() -> None:
    with running_supervisord() as daemon, watching(host("web", daemon.endpoint)) as engine:
        assert engine.wait_answered(10)
        log = daemon.directory / "supervisord.log"
        collector = Collector()
        key = ProcessKey("web")
        with log.open("ab") as file:
            file.write(b"".join(b"line %06d\n" % number for number in range(5_000)))
        follow = engine.follow_logs([key], frozenset({"stdout"}), collector, history=4096)
        collector.wait(lambda: "line 004999" in collector.texts(key), "its end")
        before = [line.text for line in all_before(follow) if line.kind == "line"]
        assert (before + collector.texts(key))[:10] == log.read_text().splitlines()[:10]
        numbers = [text for text in before + collector.texts(key) if text.startswith("line ")]
        assert numbers == [f"line {number:06}" for number in range(5_000)]


def test_the_pasts_of_several_logs_come_one_after_another() -> None:
    with stage(b"".join(b"out %05d\n" % number for number in range(3_000))) as scene:
        err = scene.log.with_suffix(".err")
        err.write_bytes(b"".join(b"err %05d\n" % number for number in range(3_000)))
        scene.begin(history=1024, channels=frozenset({"stdout", "stderr"}))
        scene.collector.wait_for("out 02999")
        scene.collector.wait(lambda: "err 02999" in scene.collector.texts(channel="stderr"), "the errors")
        assert scene.follow is not None
        before = all_before(scene.follow)
        for channel, word in (("stdout", "out"), ("stderr", "err")):
            texts = [line.text for line in before if (line.kind, line.channel) == ("line", channel)]
            shown = scene.collector.texts(channel=channel)  # type: ignore[arg-type]
            assert texts + shown == [f"{word} {number:05}" for number in range(3_000)]
