"""The file of the last picture: what was kept comes back, and nothing else gets through."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.ui.last_picture import LEAST_COLUMNS, LEAST_ROWS, forget_all_but, lines_for, mark_words, paint
from tui.ui.picture_file import MAX_BYTES, Picture, parse, read_picture, serialise, write_picture

GROUND = ("48;2;18;18;18", "on #121212")
MARK = ("1;7", "bold reverse")
GREY, GREEN = ("38;2;131;131;131", "#838383"), ("32", "green")


def picture(*lines: str) -> Picture:
    return Picture("('0.1.0', '/h')", 1000, GROUND, MARK, (GREY, GREEN), [[(0, line)] for line in lines])


@pytest.fixture
def path(tmp_path: Path) -> bytes:
    return os.fsencode(tmp_path / "picture-h")


def test_what_was_kept_comes_back(path: bytes) -> None:
    kept = Picture(
        "s", 17, GROUND, MARK, (GREY, GREEN), [[(0, " fleet "), (1, "● 3 up")], [], [(0, "日本 web")]]
    )
    assert write_picture(path, kept)
    back = read_picture(path)
    assert back is not None
    assert (back.start, back.taken, back.ground, back.mark) == ("s", 17, GROUND, MARK)
    assert (back.looks, back.lines) == (kept.looks, kept.lines)


def test_the_file_is_private_and_replaces_the_older_one(path: bytes) -> None:
    assert write_picture(path, picture("old"))
    assert write_picture(path, picture("new"))
    assert os.stat(path).st_mode & 0o777 == 0o600
    assert os.listdir(os.path.dirname(path)) == [b"picture-h"]
    back = read_picture(path)
    assert back is not None
    assert back.lines == (((0, "new"),),)


def test_a_link_is_never_written_through_nor_read(path: bytes, tmp_path: Path) -> None:
    other = tmp_path / "other"
    assert write_picture(os.fsencode(other), picture("x"))
    os.symlink(other, path)
    assert read_picture(path) is None
    assert write_picture(path, picture("y"))
    assert not os.path.islink(path)
    back = read_picture(os.fsencode(other))
    assert back is not None
    assert back.lines == (((0, "x"),),)


@pytest.mark.parametrize("mode", [0o644, 0o660, 0o602])
def test_a_file_that_others_may_touch_is_ignored(path: bytes, mode: int) -> None:
    write_picture(path, picture("x"))
    os.chmod(path, mode)
    assert read_picture(path) is None


def test_a_file_of_another_user_is_ignored(path: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    write_picture(path, picture("x"))
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert read_picture(path) is None


def test_a_pipe_in_its_place_does_not_block(path: bytes) -> None:
    os.mkfifo(path, 0o600)
    assert read_picture(path) is None


def test_a_huge_file_is_neither_written_nor_read(path: bytes) -> None:
    huge = picture("x" * MAX_BYTES)
    assert not write_picture(path, huge)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
        file.write(serialise(huge))
    assert read_picture(path) is None


@pytest.mark.parametrize(
    "hostile", ["\x1b]52;c;eA==\x07", "\x1b[2J", "\x07", "\x9b31m", "\x7f", "a\rb", "\u202ex", "\x00"]
)
def test_a_control_character_in_the_file_makes_it_worthless(path: bytes, hostile: str) -> None:
    write_picture(path, picture("fine", f"web {hostile}"))
    assert read_picture(path) is None


@pytest.mark.parametrize("look", ["2J", "1;31m\x1b[2", "?1049", "1 q", "1" * 65])
def test_a_look_that_is_no_colour_makes_it_worthless(look: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse(serialise(Picture("s", 1, GROUND, MARK, ((look, "red"),), [[(0, "x")]])))


@pytest.mark.parametrize(
    "damage", ["", "supervisor-tui picture 2", "\n\n\n", "\xff\xfe", "supervisor-tui picture 1\ns\n1\n1\tred"]
)
def test_a_damaged_file_is_ignored(path: bytes, damage: str) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="latin-1") as file:
        file.write(damage)
    assert read_picture(path) is None


@given(st.lists(st.text(max_size=20), max_size=6), st.integers(0, 40), st.text(max_size=6))
def test_nothing_a_terminal_obeys_comes_out_of_any_file(lines: list[str], at: int, inserted: str) -> None:
    text = serialise(picture(*lines))
    place = min(len(text), at * 4)
    try:
        got = parse(text[:place] + inserted + text[place:])
    except ValueError:
        return
    assert all(words.isprintable() for line in got.lines for _, words in line)
    ours = paint(got, 80, 24, 2000)
    for sequence in ours.split("\x1b")[1:]:
        assert sequence[0] == "["
        parameters, final = sequence[1:].partition(next(c for c in sequence[1:] if c not in "0123456789;"))[
            :2
        ]
        assert final in "mHJK"
        assert not parameters.strip("0123456789;")


def test_it_fills_a_higher_terminal_above_its_bottom_lines() -> None:
    shown = list(lines_for(picture("top", "place", "row", "news", "keys"), 80, 8))
    assert [line[0][1] if line else "" for line in shown] == ["top", "", "row", "", "", "", "news", "keys"]


def test_it_is_cut_to_a_smaller_terminal_above_its_bottom_lines() -> None:
    rows = [f"row {n}" for n in range(30)]
    shown = list(lines_for(picture("top of everything", "place", *rows, "news", "keys"), 5, 10))
    assert len(shown) == 10
    assert shown[0] == [(0, "top o")]
    assert [line[0][1] for line in shown[-3:]] == ["row 5", "news", "keys"]


@pytest.mark.parametrize("size", [(LEAST_COLUMNS, LEAST_ROWS), (80, 24), (300, 100)])
def test_its_age_stands_on_it_at_every_size(size: tuple[int, int]) -> None:
    assert "as of 3m ago; asking the hosts" in paint(picture("a", "b", "c"), *size, now=1000 + 200)


@pytest.mark.parametrize(
    ("age", "words"), [(-5, "0s"), (59, "59s"), (60, "1m"), (7199, "1h"), (86400 * 3, "3d")]
)
def test_ages_are_told_coarsely(age: int, words: str) -> None:
    assert mark_words(age) == f" as of {words} ago; asking the hosts … "


def test_only_the_newest_pictures_are_kept(tmp_path: Path) -> None:
    for n in range(5):
        path = tmp_path / f"picture-{n}"
        path.write_text("")
        os.utime(path, (n, n))
    (tmp_path / "other").write_text("")
    assert forget_all_but(2, os.fsencode(tmp_path))
    assert sorted(os.listdir(tmp_path)) == ["other", "picture-3", "picture-4"]
