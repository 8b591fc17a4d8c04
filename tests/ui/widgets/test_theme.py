import dataclasses

import pytest
from textual.color import Color
from textual.theme import BUILTIN_THEMES

from tests.ui.widgets.stage import NOW, host, lines_of, picture, process, staged
from tui.model.states import ProcessState
from tui.ui.theme import ASCII, LEGIBLE, QUIET, THEMES, UNICODE, _contrast, palette_of
from tui.ui.widgets.fleet_table import FleetTable

COLOURED = [name for name, theme in BUILTIN_THEMES.items() if not theme.ansi] + [
    theme.name for theme in THEMES
]


@pytest.mark.parametrize("theme", COLOURED)
async def test_every_state_can_be_read_in_every_theme(theme: str) -> None:
    async with staged(theme=theme) as (app, _):
        palette = palette_of(app)
        background = Color.parse(app.theme_variables["background"])
        for role, least in [
            ("text", LEGIBLE),
            ("dim", LEGIBLE),
            ("good", LEGIBLE),
            ("busy", LEGIBLE),
            ("bad", LEGIBLE),
            ("mark", LEGIBLE),
            ("key", LEGIBLE),
            ("stale", QUIET),
        ]:
            colour = getattr(palette, role).color
            assert _contrast(Color.from_rich_color(colour), background) >= least - 0.05, role


async def test_the_colours_of_the_terminal_will_do() -> None:
    table = FleetTable()
    async with staged(table, theme="ansi-dark"):
        table.set_picture(picture(host("web-01", [process(state=ProcessState.FATAL)])), NOW)
        assert "✗ FATAL" in lines_of(table)[1]


async def test_without_colour_what_is_bad_is_bold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with staged() as (app, _):
        palette = palette_of(app)
        assert palette.bad.bold
        assert palette.bad.color == palette.text.color


def test_every_glyph_is_one_cell_and_has_an_ascii_twin() -> None:
    for field in dataclasses.fields(UNICODE):
        plain = getattr(ASCII, field.name)
        assert plain.isascii(), field.name
        if field.name != "spark":
            assert len(plain) == len(getattr(UNICODE, field.name)) == 1
