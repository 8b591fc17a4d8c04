"""The real program in a terminal, on hosts that an attacker owns: nothing that a terminal obeys comes out of it.

Many payloads share a run: all are processes, groups, errors, paths, commands and logs of one host, and words of as many
others; the screens are visited by keys and scrolled through. What counts is every byte that was written, not what is shown.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.safety.oracle import left_over
from tests.safety.showing import WHOLE, show
from tests.support.hostile import Face, Fault, Hostile, Rows, Whole, payloads, running_hostile
from tests.support.supervisord import wait_until
from tests.support.terminal import Terminal, run_in_terminal

pytestmark = [pytest.mark.terminal, pytest.mark.timeout(600)]

PAYLOADS = len(payloads.TEXTS) + len(payloads.RAW)
STEP = 1 if WHOLE else 18
"""Of the rows that are visited one by one, one in so many."""
SIZES = ((200, 60), (80, 24)) if WHOLE else ((200, 60),)
DRIVERS = ((), ("--no-diff",))
KINDS = ("fault", "reason", "place", "greeting", "version")
ALL_TEXTS = list(payloads.TEXTS.values())


def changing(count: int) -> Mapping[str, int]:
    """Every row changes its state with every answer, which fills the timeline."""
    return {"state": (200, 100)[count % 2]}


def odd_host() -> Rows:
    return Rows(payloads.NAMES, payloads.RAW, changed=changing)


def word_host(kind: str, text: str) -> Face:
    """A host whose own words are the payload."""
    raw = text.encode().replace(b"\r\n", b" ")
    match kind:
        case "fault":
            return Fault(text)
        case "reason":
            return Whole(b"HTTP/1.1 403 " + raw[:8000] + b"\r\nContent-Length: 0\r\n\r\n")
        case "place":
            return Whole(b"HTTP/1.1 302 Found\r\nLocation: " + raw[:8000] + b"\r\nContent-Length: 0\r\n\r\n")
        case "greeting":
            return Whole(raw + b"\r\n\r\n")
    return Rows({"one": "one"}, version=text, identification=text)


def word_hosts() -> dict[str, Face]:
    """Each payload in one kind of word; in the whole run, in every kind."""
    faces: dict[str, Face] = {}
    for number, text in enumerate(ALL_TEXTS):
        for kind in KINDS if WHOLE else (KINDS[number % len(KINDS)],):
            faces[f"{kind}-{number:03}"] = word_host(kind, text)
    for number, raw in enumerate(payloads.RAW.values()):
        faces[f"raw-reason-{number:02}"] = Whole(b"HTTP/1.1 500 " + raw + b"\r\nContent-Length: 0\r\n\r\n")
        faces[f"raw-greeting-{number:02}"] = Whole(raw + b"\r\n\r\n")
        faces[f"raw-body-{number:02}"] = Whole(
            b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n<methodResponse>%b" % (len(raw) + 16, raw)
        )
    return faces


def hosts_file(place: Path, hostile: Hostile) -> Path:
    path = place / "hosts.yaml"
    lines = [
        f"  {name}: {{host: 127.0.0.1, port: {port}, poll: 1s, feed: off}}"
        for name, port in hostile.ports.items()
    ]
    path.write_text("alerts: {bell: false}\nhosts:\n" + "\n".join(lines) + "\n")
    path.chmod(0o600)
    return path


@contextlib.contextmanager
def screen(
    place: Path,
    faces: Mapping[str, Face],
    *options: str,
    module: str = "tui",
    size: tuple[int, int] = (200, 60),
) -> Iterator[Terminal]:
    with running_hostile(faces) as hostile:
        arguments = ("-c", str(hosts_file(place, hostile)), *options)
        columns, rows = size
        with run_in_terminal(*arguments, columns=columns, rows=rows, home=place, module=module) as terminal:
            yield terminal


def visit(terminal: Terminal, *keys: str, seconds: float = 0.05) -> None:
    """Press keys one after the other, taking in what each of them writes."""
    for key in keys:
        terminal.press(key)
        terminal.take(seconds)


def leave(terminal: Terminal) -> None:
    """ctrl+q, and what is written until the end."""
    terminal.press("\x11")
    see_the_end(terminal)


def see_the_end(terminal: Terminal, seconds: float = 60) -> None:
    """Take in what is written until the program has ended."""

    def ended() -> bool:
        terminal.take(0.05)
        return not terminal.child.isalive()

    wait_until(ended, what="the program to end", seconds=seconds)
    terminal.take()


PAGE_DOWN, ESCAPE = "\x1b[6~", "esc"


def see_every_row(terminal: Terminal) -> None:
    """Through the table by pages, both ways, and through the tree."""
    terminal.wait_for("FATAL|EXITED", seconds=60)
    visit(terminal, *[PAGE_DOWN] * 16, "g", *"]]]", "w", "G", "w", "1", *"jjj", "right", "2", "g")


def see_details(terminal: Terminal) -> None:
    """The pane beside each row, then the screens of one of them."""
    visit(terminal, "/", "group:w", "\r")
    visit(terminal, *["j"] * (len(ALL_TEXTS) // STEP), seconds=0.02)
    visit(terminal, "d", PAGE_DOWN, PAGE_DOWN, ESCAPE, "3", PAGE_DOWN, "2", seconds=0.3)
    visit(terminal, ESCAPE, "g")


def see_logs(terminal: Terminal) -> None:
    """Followed, wrapped, paged, searched, the other channel."""
    visit(terminal, "/", "name:w00", "\r", "l", seconds=0.3)
    visit(
        terminal, "g", *[PAGE_DOWN] * 4, "w", "g", *[PAGE_DOWN] * 8, "t", "e", "G", "e", "m", ESCAPE, ESCAPE
    )


def see_questions(terminal: Terminal) -> None:
    """What a verb, a menu and a copy say about odd rows, one by one, and about all of them."""
    for group in ("group:names", "name:in"):
        visit(terminal, "/", group, "\r", "g")
        for _ in range(len(ALL_TEXTS) // (STEP * 2)):
            visit(terminal, "a", ESCAPE, "R", ESCAPE, "j", "j", seconds=0.02)
        visit(
            terminal, "*", "R", ESCAPE, "X", ESCAPE, "a", ESCAPE, "K", ESCAPE, "+", "R", ESCAPE, "u", ESCAPE
        )


def see_a_job(terminal: Terminal) -> None:
    """A job that fails in the payloads' words: its ticker, its rows, the jobs, and what may follow."""
    visit(terminal, "/", "group:w", "\r", "*", "S", seconds=0.4)
    question = f"Type {len(ALL_TEXTS)} and press enter"
    terminal.wait_for(question, seconds=60)
    terminal.take(0.4)  # an answer too soon is not taken
    visit(terminal, str(len(ALL_TEXTS)), "\r", seconds=0.4)
    terminal.wait_gone(question, seconds=60)
    terminal.wait_for("job 1", seconds=60)
    terminal.press("J")
    terminal.wait_for("FAILED|failed", seconds=60)
    visit(terminal, *[PAGE_DOWN] * 6, "g", "\r", ESCAPE, "r", ESCAPE, "y", ESCAPE, ESCAPE, seconds=0.1)


def see_the_rest(terminal: Terminal) -> None:
    """Timeline, help, palette; sorting by each column."""
    visit(
        terminal,
        "E",
        *[PAGE_DOWN] * 8,
        ESCAPE,
        "?",
        PAGE_DOWN,
        ESCAPE,
        ":",
        "odd",
        ESCAPE,
        ESCAPE,
        *">>>>",
        "!",
        "!",
    )


WALKS = {
    "table and tree": see_every_row,
    "details": see_details,
    "logs": see_logs,
    "questions and menus": see_questions,
    "a job": see_a_job,
    "timeline, help, palette": see_the_rest,
}


WALKED = [(walk, options, size) for walk in WALKS for options in DRIVERS for size in SIZES]
"""A sample: everything with our driver, and with Textual's own what shows every payload."""
if not WHOLE:
    WALKED = [("all", (), SIZES[0]), ("table and tree", DRIVERS[1], SIZES[0])]


@pytest.mark.parametrize(("walk", "options", "size"), WALKED)
def test_no_screen_sends_the_terminal_what_a_host_wrote(
    tmp_path: Path, walk: str, options: tuple[str, ...], size: tuple[int, int]
) -> None:
    with screen(tmp_path, {"odd": odd_host()}, *options, size=size) as terminal:
        terminal.wait_for("FATAL|EXITED", seconds=60)
        for name, visits in WALKS.items():
            if walk in (name, "all"):
                visits(terminal)
        assert terminal.child.isalive()
        leave(terminal)
    assert left_over(bytes(terminal.raw), diff=not options, copies=copies(bytes(terminal.raw))) == []
    show(
        f"Terminal oracle: {walk}, {size[0]}x{size[1]}{', ' + options[0] if options else ''}",
        "no control, bidi, zero-width or tag character is left besides our own sequences",
        f"{PAYLOADS} payloads in every slot of a host, {len(terminal.raw):,} bytes: none",
    )


def copies(raw: bytes) -> list[str]:
    """What may be copied: only what is clean, whatever it is."""
    import base64
    import re

    texts = [base64.b64decode(found).decode() for found in re.findall(rb"\x1b\]52;c;([A-Za-z0-9+/=]*)", raw)]
    return [text for text in texts if not left_over(text.replace("\n", "").encode(), command=True)]


@pytest.mark.parametrize("options", DRIVERS[: 2 if WHOLE else 1])
def test_no_words_of_a_host_reach_the_terminal_as_they_came(tmp_path: Path, options: tuple[str, ...]) -> None:
    faces = word_hosts()
    with screen(tmp_path, faces, *options) as terminal:
        terminal.wait_for("unreachable", seconds=60)
        visit(terminal, *[PAGE_DOWN] * (len(faces) // 50 + 2), "G")
        visit(terminal, "g", *["j"] * (len(faces) if WHOLE else 60), seconds=0.03)
        visit(terminal, "d", ESCAPE, "R", ESCAPE, "E", PAGE_DOWN, PAGE_DOWN, ESCAPE, "?", ESCAPE, seconds=0.2)
        leave(terminal)
    assert left_over(bytes(terminal.raw), diff=not options) == []
    show(
        f"Terminal oracle: words of hosts{', ' + options[0] if options else ''}",
        "faults, reason phrases, redirects, greetings, versions and bodies reach the screen cleaned",
        f"{len(faces)} hosts, {len(terminal.raw):,} bytes: none",
    )


def test_a_crash_tells_nothing_that_a_terminal_obeys(tmp_path: Path) -> None:
    with screen(tmp_path, {"odd": odd_host()}, module="tests.safety.blabbing_crash") as terminal:
        see_the_end(terminal)
    assert b"an error of its own" in terminal.raw
    end = bytes(terminal.raw).rpartition(b"\x1b[?1049l")[2]
    assert left_over(end.replace(b"\r\n", b"")) == []
    assert left_over(bytes(terminal.raw).replace(b"\r\n", b"")) == []


COMMANDS: dict[str, tuple[str, ...]] = {
    "status": ("status",),
    "status problems": ("status", "--problems"),
    "status json": ("status", "--json"),
    "check": ("check",),
    "check json": ("check", "--json"),
    "tail": ("tail", "odd/w:w00*", "-n", "500"),
    "tail stream": ("tail", "odd/w:w000", "odd/w:w001", "--both"),
    "tail of odd names": ("tail", "odd/names:*", "-n", "2"),
    "start": ("start", "odd/w:*", "--yes"),
    "restart all": ("restart", "odd/", "--yes"),
    "stop lines": ("stop", "odd/w:*", "--yes", "--json-lines"),
    "signal dry": ("signal", "HUP", "odd/", "--dry-run"),
    "start dry": ("start", "odd/names:*", "--dry-run"),
    "reread": ("reread", "odd", "--yes"),
    "update dry": ("update", "odd", "--dry-run"),
    "update json": ("update", "odd", "--dry-run", "--json"),
    "daemon log": ("daemon", "log", "odd", "-n", "500"),
    "no such process": ("restart", "odd/w:gunicron", "--yes"),
    "a filter": ("status", "--select", "name:\x1b[66;66H"),
}


SAMPLE = ("status", "check", "tail stream", "restart all", "update dry")


@pytest.mark.parametrize("name", COMMANDS if WHOLE else SAMPLE)
def test_no_command_sends_the_terminal_what_a_host_wrote(tmp_path: Path, name: str) -> None:
    raw = output_of(tmp_path, {"odd": odd_host()}, COMMANDS[name])
    assert len(raw) > 40
    assert b"Traceback" not in raw
    assert left_over(raw, command=True) == []
    show(
        f"Terminal oracle: command {name}",
        "what a command writes to a terminal holds nothing that it obeys but line ends, progress and colours",
        f"{PAYLOADS} payloads, {len(raw):,} bytes: none",
    )


WORDS = (("check",), ("status",), ("reread", "*", "--yes"), ("daemon", "log", "*"))


@pytest.mark.parametrize("command", WORDS if WHOLE else WORDS[:1])
def test_no_command_repeats_a_hosts_words_as_they_came(tmp_path: Path, command: tuple[str, ...]) -> None:
    raw = output_of(tmp_path, word_hosts(), command)
    assert len(raw) > 1000
    assert left_over(raw, command=True) == []


def output_of(place: Path, faces: Mapping[str, Face], command: tuple[str, ...], module: str = "tui") -> bytes:
    """All that a command writes to its terminal."""
    with running_hostile(faces) as hostile:
        path = hosts_file(place, hostile)
        with run_in_terminal("-c", str(path), *command, columns=200, home=place, module=module) as terminal:
            see_the_end(terminal, 90)
        return bytes(terminal.raw)


def test_the_oracle_finds_what_a_program_without_its_sanitiser_sends(tmp_path: Path) -> None:
    with screen(tmp_path, {"odd": odd_host()}, module="tests.safety.unclean") as terminal:
        with contextlib.suppress(AssertionError):
            terminal.wait_for("FATAL|EXITED", seconds=10)
        visit(terminal, *[PAGE_DOWN] * 4)
    assert any("marker" in leak for leak in left_over(bytes(terminal.raw)))
    raw = output_of(tmp_path, {"odd": odd_host()}, ("status",), module="tests.safety.unclean")
    assert any("U+202E" in leak for leak in left_over(raw, command=True))
