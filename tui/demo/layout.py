"""What the demo's hosts run, and the files that say so: supervisord's, gunicorn's, and our own hosts.yaml.

Who comes in: the fleet with a directory and free ports. What leaves: written files, nothing started. The rule: everything
is below that directory, which nobody else can enter.
"""

from __future__ import annotations

import json
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

PROGRAMS = Path(__file__).parent / "programs"
FIRST_HOSTS = 4
"""Hosts with a part of their own; any more are light copies of each other."""
POOL_SIZE = 4


@dataclass(frozen=True, slots=True)
class DemoHost:
    """One supervisord to be: where it listens and who may ask."""

    name: str
    home: Path
    port: int
    """0: it listens on a unix socket instead."""
    password: str
    site_port: int
    """Where its site listens; 0: on a unix socket in its directory, or it has none."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}" if self.port else f"unix://{self.socket}"

    @property
    def socket(self) -> Path:
        return self.home / "supervisor.sock"


@dataclass(frozen=True, slots=True)
class Part:
    """What one host is for: where it hangs in the tree, its site, its other program files."""

    folder: str
    tags: tuple[str, ...]
    site: str
    files: tuple[str, ...]


USER = "demo"
_PARTS = {
    "pyweb1": Part("eu/web", ("web", "prod"), "blog", ("pool", "chatty")),
    "pyweb2": Part("eu/web", ("web", "prod"), "shop", ("flapping", "slow")),
    "pyweb3": Part("us/web", ("web", "staging"), "blog", ("pool", "mailer")),
    "pyweb4": Part("us/batch", ("batch", "prod"), "", ("pool", "jobs", "broken", "manual", "listener")),
}
_REGIONS = ("eu/batch", "us/batch", "ap/web", "ap/batch")


def part_of(name: str) -> Part:
    """The part a host plays; from the fifth on a light one."""
    number = int(name.removeprefix("pyweb"))
    folder = _REGIONS[number % len(_REGIONS)]
    return _PARTS.get(name) or Part(folder, (folder.rpartition("/")[2], "extra"), "", ("pool",))


# --- supervisord ----------------------------------------------------------------------------------------------------


def write_host(host: DemoHost) -> None:
    """Write a host's main file, its conf.d and what they need."""
    part = part_of(host.name)
    conf_d = host.home / "conf.d"
    conf_d.mkdir(parents=True, exist_ok=True)
    (host.home / "log").mkdir(exist_ok=True)
    (host.home / "supervisord.conf").write_text(_main_file(host))
    for name in part.files:
        (conf_d / f"{name}.conf").write_text(_PROGRAM_FILES[name])
    if part.site:
        (host.home / f"{part.site}.gunicorn.conf.py").write_text(_gunicorn_file(host, part.site))
        (conf_d / f"{part.site}.conf").write_text(_site_file(part.site))


def _main_file(host: DemoHost) -> str:
    if host.port:
        login = f"username={USER}\npassword={host.password}"
        server = f"[inet_http_server]\nport=127.0.0.1:{host.port}\n{login}"
        client = f"serverurl={host.url}\n{login}"
    else:
        server = f"[unix_http_server]\nfile={host.socket}\nchmod=0600"
        client = f"serverurl={host.url}"
    return f"""\
{server}

[supervisord]
identifier={host.name}
nodaemon=true
logfile=%(here)s/supervisord.log
logfile_maxbytes=1MB
logfile_backups=1
pidfile=%(here)s/supervisord.pid
childlogdir=%(here)s/log
environment=PYTHONWARNINGS="ignore"

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface

[supervisorctl]
{client}

[include]
files = conf.d/*.conf
"""


def _program(name: str, command: str, *lines: str, kind: str = "program") -> str:
    return "\n".join((f"[{kind}:{name}]", f"command={command}", "stdout_logfile_maxbytes=1MB", *lines, ""))


def _script(name: str, *words: str) -> str:
    """A command of supervisord's that runs one of our programs; the keeper has put the launchers first on the path."""
    return " ".join((name, *(f'"{word}"' if " " in word else word for word in words)))


def write_launchers(directory: Path) -> None:
    """A launcher for each program, so that the commands that people see are short: `worker`, `gunicorn -c …`."""
    directory.mkdir()
    programs = {path.stem: ("-P", str(path)) for path in PROGRAMS.glob("[!_]*.py")}
    for name, words in {**programs, "gunicorn": ("-m", "gunicorn")}.items():
        launcher = directory / name
        launcher.write_text(f'#!/bin/sh\nexec {shlex.join((sys.executable, *words))} "$@"\n')
        launcher.chmod(0o700)


_PROGRAM_FILES = {
    "pool": _program(
        "pool",
        _script("worker"),
        f"numprocs={POOL_SIZE}",
        "process_name=worker-%(process_num)02d",
        "startsecs=1",
        "priority=200",
    ),
    "chatty": _program("chatty", _script("chatty"), "priority=300"),
    "flapping": _program("flapping", _script("ending", "8", "1", "connection to broker lost"), "startsecs=1"),
    "slow": _program("slow-stopper", _script("slow_stopper"), "stopwaitsecs=10"),
    "mailer": _program("mailer", _script("worker"), "autorestart=false", "startsecs=1"),
    "jobs": "\n".join(
        (
            _program("migrate", _script("ending", "0", "0"), "startsecs=0", "autorestart=unexpected"),
            _program(
                "nightly-import",
                _script("ending", "0.2", "3", "import failed: no such file: orders.csv"),
                "startsecs=0",
                "autorestart=false",
            ),
        )
    ),
    "broken": "\n".join(
        (
            _program(
                "search-indexer",
                _script("ending", "0", "1", "cannot read index.toml: no such file"),
                "startretries=1",
                "startsecs=10",  # where a busy machine needs a second to start Python, it must not count as up
            ),
            _program("thumbnailer", "/usr/local/bin/no-such-thumbnailer", "startretries=1"),
        )
    ),
    "manual": "\n".join(
        (
            _program("reindex", _script("ending", "20", "0"), "autostart=false", "startsecs=0"),
            _program("debug-shell", _script("worker"), "autostart=false", "startsecs=1"),
        )
    ),
    "listener": _program(
        "crash-listener",
        _script("listener"),
        "events=PROCESS_STATE_EXITED,PROCESS_STATE_FATAL,REMOTE_COMMUNICATION",
        "startsecs=1",
        kind="eventlistener",
    ),
}


# --- sites ----------------------------------------------------------------------------------------------------------


def _site_file(site: str) -> str:
    """A group with the site under gunicorn and its queue; the whole process group is stopped, workers included."""
    gunicorn = _script("gunicorn", "-c", f"%(here)s/../{site}.gunicorn.conf.py", "pyweb:app")
    return "\n".join(
        (
            f"[group:{site}]\nprograms={site}-web,{site}-queue\npriority=100\n",
            _program(
                f"{site}-web",
                gunicorn,
                "process_name=web",
                "stopasgroup=true",
                "killasgroup=true",
                "startsecs=2",
            ),
            _program(
                f"{site}-queue",
                _script("worker"),
                "process_name=queue",
                "stopasgroup=true",
                "killasgroup=true",
            ),
        )
    )


def _gunicorn_file(host: DemoHost, site: str) -> str:
    bind = f"127.0.0.1:{host.site_port}" if host.site_port else f"unix:{host.home / f'{site}.sock'}"
    log = host.home / "log"
    return f"""\
# gunicorn's configuration of the site {site} on {host.name}
bind = {bind!r}
workers = 2
worker_class = "gevent"
chdir = {str(PROGRAMS)!r}
raw_env = ["SITE_NAME={site} on {host.name}", "SITE_GREETING=hello from raw_env"]
accesslog = {str(log / f"{site}.access.log")!r}
errorlog = {str(log / f"{site}.error.log")!r}
worker_tmp_dir = {str(host.home)!r}
control_socket_disable = True
"""


# --- our own --------------------------------------------------------------------------------------------------------


def write_hosts_file(path: Path, hosts: list[DemoHost]) -> None:
    """The hosts.yaml of the fleet; it holds passwords, so nobody else may read it."""
    path.touch(mode=0o600)
    path.write_text("hosts:\n" + "".join(_entry(host) for host in hosts))


def _entry(host: DemoHost) -> str:
    part = part_of(host.name)
    login = f"    user: {USER}\n    password: {json.dumps(host.password)}\n" if host.port else ""
    return (
        f"  {host.name}:\n"
        f"    url: {json.dumps(host.url)}\n"
        f"{login}"
        f"    folder: {part.folder}\n"
        f"    tags: [{', '.join(part.tags)}]\n"
        f"    poll: 1s\n"
    )
