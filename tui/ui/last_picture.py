"""What the fleet looked like when the screen was last open, on the terminal again before anything slow is imported.

Who comes in: `tui.__main__`, with the arguments, before it imports the command line, YAML or Textual. Who leaves: a
`LastPicture`, which gives the terminal back if the start fails before the screen has taken over. The rules: it is shown
only where the same hosts file, unchanged, is opened in the same way on the same kind of terminal; its age stands on it;
and this room imports next to nothing.
"""

from __future__ import annotations

import os
import sys
import time

from tui import __version__
from tui.ui.picture_file import Picture, read_picture, write_picture

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

APPLICATION = "supervisor-tui"
FLAGS = ("--read-only", "--no-mouse", "--no-diff")
"""Options without a value that open the same screen; what is not named here is for the command line to make out."""
ENVIRONMENT = ("TERM", "COLORTERM", "NO_COLOR", "LC_ALL", "LC_CTYPE", "LANG")
"""What colours and glyphs depend on."""
LEAST_COLUMNS, LEAST_ROWS = 40, 8
MARK_ROW = 1
"""The second line, of the place and the filter, gives way to the age."""
BOTTOM = 2
"""The last lines stay at the bottom when the terminal is higher or lower than it was."""

PREFIX = b"picture-"
MOST = 16
"""Pictures that are kept: one for each hosts file, of the files that were opened last."""

TAKE = "\x1b[?1049h\x1b[?25l\x1b[?7l"
"""The alternate screen, as Textual takes it; no cursor; what does not fit is cut."""
LEAVE = "\x1b[0m\x1b[?7h\x1b[?1049l\x1b[?25h"


class PlainArguments:
    """A command line that names at most a hosts file and flags: it opens the screen, and needs no parser."""

    __slots__ = ("config", "flags")

    def __init__(self, config: str, flags: frozenset[str]) -> None:
        """`config` is as it was typed; empty: the file is looked for."""
        self.config = config
        self.flags = flags


def plain_arguments(arguments: Sequence[str]) -> PlainArguments | None:
    """What these arguments say; None when they say more than this room understands."""
    config, flags = "", set()
    rest = iter(arguments)
    for argument in rest:
        if argument in FLAGS:
            flags.add(argument)
        elif argument in ("-c", "--config") and not config:
            config = next(rest, "")
            if not config or config.startswith("-"):
                return None
        elif argument.startswith("--config=") and not config and argument != "--config=":
            config = argument.removeprefix("--config=")
        else:
            return None
    return PlainArguments(config, frozenset(flags))


class LastPicture:
    """The picture that belongs to a start of the program; as a context, the terminal is given back when it ends."""

    def __init__(self, arguments: PlainArguments) -> None:
        """Looks for the picture; nothing is written yet."""
        self.source = hosts_file(arguments.config)
        """The hosts file, absolute; empty when there is none."""
        self.path = picture_path(self.source)
        self.start = _start(self.source, arguments.flags)
        """Equal for two starts that show the same."""
        self.picture = self._read() if self.source and draws() else None
        self.on_screen = False
        """Whether the terminal shows it, and nobody else has taken the terminal over yet."""

    def __enter__(self) -> LastPicture:
        """Show it, if there is one and there is room."""
        self.show()
        return self

    def __exit__(self, *_exception: object) -> None:
        """Give the terminal back, unless the screen has taken it over and done so itself."""
        self.leave()

    def show(self) -> None:
        """Put it on the alternate screen of the terminal."""
        painted = self.painted()
        if painted:
            self.on_screen = True
            _write(TAKE + painted)

    def leave(self) -> None:
        """Back to the main screen, so that what is said next can be read."""
        if self.on_screen:
            self.on_screen = False
            _write(LEAVE)

    def check(self, source: str | os.PathLike[str] | None) -> None:
        """This hosts file is opened: if it is another than was thought, nothing of here belongs to it."""
        if source is None or os.path.abspath(source) != self.source:
            self.leave()
            self.source, self.picture = "", None

    def taken_over(self) -> None:
        """The screen owns the terminal from now on, and gives it back itself."""
        self.on_screen = False

    def painted(self) -> str:
        """The picture for the terminal as large as it is now; empty when there is none, or too little room."""
        try:
            columns, rows = os.get_terminal_size(1)
        except OSError:
            return ""
        if self.picture is None or columns < LEAST_COLUMNS or rows < LEAST_ROWS:
            return ""
        return paint(self.picture, columns, rows, int(time.time()))

    def keep(self, picture: Picture) -> bool:
        """Keep a newer one for the next start; whether that went well."""
        if not self.source:
            return False
        from tui.config.paths import cache_dir
        from tui.errors import ConfigError

        try:
            directory = os.fsencode(cache_dir())
        except ConfigError:
            return False
        return write_picture(self.path, picture) and forget_all_but(MOST, directory)

    def _read(self) -> Picture | None:
        picture = read_picture(self.path)
        return picture if picture is not None and picture.start == self.start else None


def forget_all_but(number: int, directory: bytes) -> bool:
    """Remove all pictures in `directory` but the newest, and what a writer that was killed left; whether that went well."""
    try:
        with os.scandir(directory) as entries:
            dated = [
                (entry.stat().st_mtime, entry.path) for entry in entries if entry.name.startswith(PREFIX)
            ]
        for _, path in sorted(dated, reverse=True)[number:]:
            os.unlink(path)
    except OSError:
        return False
    return True


def draws() -> bool:
    """Whether a screen can be drawn here: `tui.ui.opening` says in words why not."""
    try:
        terminals = os.isatty(0) and os.isatty(1) and os.isatty(2)
    except OSError:
        return False
    return terminals and os.environ.get("TERM", "") not in ("", "dumb")


def hosts_file(named: str) -> str:
    """The file that `tui.config.load.find` will find, absolute; empty when there is none. Nothing is opened."""
    named = named or os.environ.get("SUPERVISOR_TUI_CONFIG", "")
    places = (
        "hosts.yaml",
        f"{_place('XDG_CONFIG_HOME', '.config')}/hosts.yaml",
        f"/etc/{APPLICATION}/hosts.yaml",
    )
    found = named or next((path for path in places if os.path.isfile(path)), "")
    return os.path.abspath(found) if found else ""


def picture_path(source: str) -> bytes:
    """Where the picture of this hosts file is kept: in the cache directory, under the file's own name."""
    name = os.fsencode(source).strip(b"/").replace(b"/", b"%")[-200:]
    return b"%s/%s%s" % (os.fsencode(_place("XDG_CACHE_HOME", ".cache")), PREFIX, name)


def paint(picture: Picture, columns: int, rows: int, now: int) -> str:
    """Bytes that fill a terminal of this size with the picture; `now` is in epoch seconds."""
    ground = f"\x1b[0;{picture.ground[0]}m"
    parts = [ground, "\x1b[2J"]
    for y, line in enumerate(lines_for(picture, columns, rows)):
        parts.append(f"\x1b[{y + 1};1H")
        parts += [f"\x1b[22;39;{picture.looks[look][0]}m{text}" for look, text in line]
    mark = mark_words(now - picture.taken)[:columns]
    parts.append(f"\x1b[{MARK_ROW + 1};1H\x1b[0;{picture.mark[0]}m{mark}{ground}\x1b[K\x1b[0m\x1b[H")
    return "".join(parts)


def lines_for(picture: Picture, columns: int, rows: int) -> Iterator[list[tuple[int, str]]]:
    """The lines of the picture as a terminal of this size shows them: cut, or filled up above the bottom lines."""
    top, bottom = picture.lines[:-BOTTOM], picture.lines[-BOTTOM:]
    space = max(0, rows - len(bottom))
    for y in range(space):
        yield [] if y == MARK_ROW or y >= len(top) else _cut(top[y], columns)
    for line in bottom[: rows - space]:
        yield _cut(line, columns)


def mark_words(age: int, progress: str = "asking the hosts") -> str:
    """'as of 3m ago; asking the hosts …'; `age` is in seconds."""
    for seconds, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if age >= seconds:
            return f" as of {age // seconds}{unit} ago; {progress} … "
    return f" as of {max(0, age)}s ago; {progress} … "


def _cut(line: Sequence[tuple[int, str]], columns: int) -> list[tuple[int, str]]:
    """As much of a line as has room, by characters: what is wider is cut by the terminal."""
    kept, room = [], columns
    for look, text in line:
        if room <= 0:
            break
        kept.append((look, text[:room]))
        room -= len(text)
    return kept


def _start(source: str, flags: frozenset[str]) -> str:
    try:
        status = os.stat(source)
    except OSError:
        return ""
    environment = [os.environ.get(name) for name in ENVIRONMENT]
    return ascii((__version__, source, status.st_mtime_ns, status.st_size, sorted(flags), environment))


def _place(variable: str, default: str) -> str:
    """As `tui.config.paths` has it."""
    base = os.environ.get(variable, "")
    return f"{base if base.startswith('/') else os.path.expanduser(f'~/{default}')}/{APPLICATION}"


def _write(text: str) -> None:
    """To the terminal, on the stream on which Textual draws, too."""
    assert sys.__stderr__ is not None
    try:
        sys.__stderr__.write(text)
        sys.__stderr__.flush()
    except (OSError, ValueError):
        return
