"""The file that `config init` writes: one host that works, and every key that there is as a comment with its meaning."""

from __future__ import annotations

from tui.config.keys import ALERTS, GUARDRAIL, HISTORY, HOST, JOURNAL, LOGS, UI, Key

_HEAD = """\
# supervisor-tui: the supervisords to watch. `supervisor-tui check` says whether they answer.
# When a password stands in here: chmod 600 this file.

hosts:
  local: {url}
"""

_EXAMPLES = {
    "url": "http://{name}:9001",
    "host": "127.0.0.1",
    "user": "admin",
    "password": "'…'",
    "password_env": "SUPERVISOR_PASSWORD",
    "password_file": "web.password",
    "password_command": "[pass, show, supervisor/web]",
    "folder": "eu/web",
    "tags": "[web, prod]",
    "check_drift": "10m",
    "command": "[notify-send, supervisord]",
    "ca_file": "ca.pem",
    "client_cert": "me.pem",
    "client_key": "me.key",
    "fingerprint": "sha256:…",
    "match": '"tag:prod"',
    "deny": "[shutdown]",
    "confirm": "typed",
    "max_bulk": "20",
    "keys": "{restart: R}",
}
"""What to show for a key that has no telling default."""


def example_text(url: str = "http://127.0.0.1:9001") -> str:
    """A hosts.yaml whose only host is at `url`."""
    parts = [
        _HEAD.replace("{url}", url),
        _comment('  "web-[01:20].eu":', "A range stands for 20 hosts."),
        _commented(tuple(key for key in HOST if key.name != "passwd"), "    "),
        "\n# What holds for each host that does not say otherwise:\n# defaults:\n#   poll: 2s\n",
        "\n# Rules for what is dear:\n# guardrails:\n",
        _commented(GUARDRAIL[:1], "- ", "  "),
        _commented(GUARDRAIL[1:], "  ", "  "),
        "\n# ui:\n",
        _commented(UI, "", "  "),
        "\n# alerts:\n",
        _commented(ALERTS, "", "  "),
        "\n# Refuse this file, instead of warning, when it holds a password and others can read it:\n",
        "# strict_permissions: true\n",
        "\n# journal:\n",
        _commented(JOURNAL, "", "  "),
        "\n# history:\n",
        _commented(HISTORY, "", "  "),
        "\n# logs:\n",
        _commented(LOGS, "", "  "),
    ]
    return "".join(parts)


def _commented(keys: tuple[Key, ...], before: str, margin: str = "") -> str:
    return "".join(
        _comment(f"{margin}{before}{key.name}: {_EXAMPLES.get(key.name, key.default)}", key.meaning)
        for key in keys
    )


def _comment(line: str, meaning: str) -> str:
    return f"# {line:<36} # {meaning}\n"
