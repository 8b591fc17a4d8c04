"""What works but should not stay so: a badge on the host for as long as it lasts, a sentence at the start."""

from __future__ import annotations

from collections.abc import Iterable

from tui.config.schema import HostSettings
from tui.config.secrets import NoPassword
from tui.config.urls import loopback


def badges(host: HostSettings) -> tuple[str, ...]:
    """Standing remarks about one host, a few words each."""
    found = []
    if host.read_only:
        found.append("read-only")
    if sends_password_in_clear(host):
        found.append("password over http")
    if accepts_any_certificate(host):
        found.append("TLS not verified")
    return tuple(found)


def warnings_about(hosts: Iterable[HostSettings]) -> list[str]:
    """One sentence a kind of remark, however many hosts it is about."""
    clear, unverified, incomplete = [], [], []
    for host in hosts:
        if sends_password_in_clear(host):
            clear.append(host.name)
        if accepts_any_certificate(host):
            unverified.append(host.name)
        if host.user and host.password == NoPassword():
            incomplete.append(host.name)
    found = []
    if clear:
        found.append(f"the password goes unencrypted over the network to {_names(clear)}: use https")
    if unverified:
        found.append(
            f"tls_verify is false, so anybody can pose as {_names(unverified)}: use ca_file or fingerprint"
        )
    if incomplete:
        found.append(f"there is a user but no password for {_names(incomplete)}: an empty one is sent")
    return found


def sends_password_in_clear(host: HostSettings) -> bool:
    """Whether somebody between here and there can read the password."""
    return host.endpoint.scheme == "http" and host.password != NoPassword() and not loopback(host.endpoint)


def accepts_any_certificate(host: HostSettings) -> bool:
    """Whether an https host need not prove who it is; a pinned fingerprint is a proof."""
    tls = host.endpoint.tls
    return host.endpoint.scheme == "https" and not tls.verify and not tls.fingerprint


def _names(names: list[str]) -> str:
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"
