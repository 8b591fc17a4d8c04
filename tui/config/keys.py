"""Every key of hosts.yaml, as data: what the loader accepts, `config schema` prints and the sample must show.

One table, so that the documentation cannot know a key that the loader does not, nor the other way round.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Key:
    """One key of one section."""

    name: str
    type: str
    default: str
    """In words; empty when there is none."""
    meaning: str
    """One sentence."""
    for_all: bool = False
    """Whether `defaults` may hold it too."""


@dataclass(frozen=True, slots=True)
class SchemaRow:
    """One line of `config schema`."""

    name: str
    """With its section: `hosts.NAME.url`: what stands in capitals is your own word."""
    type: str
    default: str
    meaning: str


TOP = (
    Key("defaults", "mapping", "", "What holds for each host that does not say otherwise."),
    Key("hosts", "mapping, required", "", "The supervisords: a name, then a URL or the keys of a host."),
    Key("guardrails", "list", "none", "Rules that forbid, ask harder or bound what may be done at once."),
    Key("ui", "mapping", "", "How the screen looks and listens."),
    Key("alerts", "mapping", "", "How the screen tells of what goes wrong while you look elsewhere."),
    Key(
        "strict_permissions",
        "true or false",
        "false",
        "Refuse this file, instead of warning, when it holds a password and others can read it.",
    ),
    Key("journal", "mapping", "", "The record of what was done."),
    Key("history", "mapping", "", "The changes that were seen, kept on disk."),
    Key("logs", "mapping", "", "How logs are followed."),
)

HOST = (
    Key("url", "URL", "", "http://, https:// or unix:// address; {name} in it is the host's name."),
    Key("host", "host name or IP address", "", "The machine, when there is no url; {name} works here too."),
    Key("port", "1 to 65535", "9001", "The TCP port that goes with host.", for_all=True),
    Key("user", "text", "", "The user name that supervisord asks for.", for_all=True),
    Key(
        "password",
        "text, secret",
        "",
        "The password itself; one of the next three keys is safer.",
        for_all=True,
    ),
    Key("passwd", "text, secret", "", "An older name for password.", for_all=True),
    Key(
        "password_env", "variable name", "", "The environment variable that holds the password.", for_all=True
    ),
    Key(
        "password_file",
        "path",
        "",
        "A file whose first line is the password; yours, a regular file, mode 0600.",
        for_all=True,
    ),
    Key(
        "password_command",
        "list of words, secret",
        "",
        "A program that prints the password on its first line; no shell is used, 30 s at most.",
        for_all=True,
    ),
    Key("poll", "duration, 200ms to 1h", "2s", "The time between two looks at the host.", for_all=True),
    Key(
        "feed",
        "auto, on or off",
        "auto",
        "Follow its main log, which names each change, instead of asking again and again.",
        for_all=True,
    ),
    Key(
        "check_drift",
        "duration, 1m to 7d",
        "never",
        "How often supervisord is made to read its files again, to tell whether an update would change anything.",
        for_all=True,
    ),
    Key("timeout", "duration, 100ms to 5m", "5s", "How long one whole answer may take.", for_all=True),
    Key("folder", "path in the tree", "", "Where the host hangs in the tree, such as eu/web.", for_all=True),
    Key("tags", "list of words", "none", "Words to filter by, and for guardrails to match.", for_all=True),
    Key(
        "read_only", "true or false", "false", "Refuse everything that would change this host.", for_all=True
    ),
    Key(
        "ca_file", "path", "the system's", "https: the certificate authorities to trust (PEM).", for_all=True
    ),
    Key("client_cert", "path", "", "https: the certificate that we show (PEM).", for_all=True),
    Key("client_key", "path", "in client_cert", "https: the private key of client_cert (PEM).", for_all=True),
    Key("fingerprint", "sha256:…", "", "https: the only certificate to accept, as its SHA-256 in hex."),
    Key(
        "tls_verify",
        "true or false",
        "true",
        "https: false accepts any certificate, and is said on the screen for as long as it lasts.",
        for_all=True,
    ),
)

GUARDRAIL = (
    Key(
        "match", "filter, required", "", "Which hosts and processes the rule is for, in the filter language."
    ),
    Key("deny", "list of verbs", "none", "What may not be done to them at all."),
    Key(
        "confirm",
        "ask, summary or typed",
        "as usual",
        "How firmly to ask, at least, before doing something to them.",
    ),
    Key("max_bulk", "1 or more", "no bound", "At most so many of them in one go."),
)

UI = (
    Key("theme", "name", "textual-dark", "The colours; the palette (ctrl+p) shows the names."),
    Key("keys", "mapping", "none", "Action id to key, such as restart: R; the help (?) shows the ids."),
    Key("mouse", "auto, on or off", "auto", "auto leaves the mouse to the terminal over SSH."),
)

ALERTS = (
    Key(
        "bell",
        "true or false",
        "true",
        "Ring the terminal's bell when something fails that is not your doing.",
    ),
    Key("title", "true or false", "true", "Keep the counts of what is wrong in the terminal's title."),
    Key(
        "desktop",
        "auto, off, osc9 or osc777",
        "auto",
        "The sequence that makes the terminal show a notification; auto: where it is known to.",
    ),
    Key(
        "command",
        "list of words",
        "none",
        "A program that is run when something fails or comes back; no shell; it gets the changes as JSON on its input.",
    ),
    Key(
        "every",
        "duration, 0s to 1h",
        "10s",
        "The time from one alert to the next; what comes between is told together.",
    ),
)

JOURNAL = (
    Key(
        "required",
        "true or false",
        "false",
        "Refuse to act when the journal cannot be written, instead of warning.",
    ),
)

HISTORY = (
    Key(
        "enabled", "true or false", "true", "Keep the changes that are seen, for the timeline and `history`."
    ),
    Key("keep", "duration, 1m to 3650d", "30d", "How long a change is kept."),
    Key(
        "max_size",
        "size, 1MB to 100GB",
        "100MB",
        "How large the file may become; the oldest changes go first.",
    ),
)

LOGS = (
    Key(
        "streams",
        "0 to 1000",
        "20",
        "How many logs are streamed at a time; the others are asked for what is new once a second.",
    ),
)

DEFAULTS = tuple(key for key in HOST if key.for_all)

PASSWORD_KEYS = ("password", "passwd", "password_env", "password_file", "password_command")
SECRET_KEYS = frozenset({"password", "passwd", "password_command"})
TLS_KEYS = ("ca_file", "client_cert", "client_key", "fingerprint", "tls_verify")

SECTIONS: Mapping[str, tuple[Key, ...]] = {
    "": TOP,
    "defaults.": DEFAULTS,
    "hosts.NAME.": HOST,
    "guardrails[].": GUARDRAIL,
    "ui.": UI,
    "alerts.": ALERTS,
    "journal.": JOURNAL,
    "history.": HISTORY,
    "logs.": LOGS,
}
"""The keys of each section by what stands before them in a path."""


def schema_rows() -> tuple[SchemaRow, ...]:
    """Every key there is, section by section, in the order in which a reader wants them."""
    return tuple(
        SchemaRow(prefix + key.name, key.type, key.default, key.meaning)
        for prefix, keys in SECTIONS.items()
        for key in keys
    )
