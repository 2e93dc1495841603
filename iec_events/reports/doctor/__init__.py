"""What is weak in this installation, gravest first: each finding is one sentence with what to do about it.

Nothing is changed, and nothing outside this machine is asked. `grave` is what can lose or betray data, or leaves people
without an answer; `weak` is what will, one day; `hint` is for those who know better.
"""

from __future__ import annotations

import datetime as dt
from importlib.metadata import version
from urllib.parse import urlsplit

from flask import current_app

from ...core.config import DOT_ONION, Settings, settings
from ...core.limits import limiter
from ...mail.letters import MAILBOX
from ...mail.smtp import wants_starttls
from .database import of_database
from .files import of_files
from .pieces import GRAVE, HINT, ORDER, WEAK, Finding, Findings

__all__ = ["GRAVE", "HINT", "ORDER", "WEAK", "Finding", "findings"]
LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})
NOBODYS = (".example", ".invalid", ".test", ".localhost", ".example.org", ".example.com", ".example.net")


def findings(now: dt.datetime) -> list[Finding]:
    """Everything that is weak, gravest first."""
    chosen = settings()
    found = [*_of_settings(chosen), *_of_zones(now, version("tzdata")), *of_files(chosen, now), *of_database(now)]
    return sorted(found, key=lambda finding: ORDER.index(finding.gravity))


def _of_settings(chosen: Settings) -> Findings:
    trial = chosen.host in LOOPBACK
    if current_app.debug:
        yield Finding(GRAVE, "Debug mode is on, which shows strangers the insides: take FLASK_DEBUG away.")
    if trial:
        yield Finding(
            HINT, "Only this machine can reach the public address: set IEC_PUBLIC_URL to the one people type."
        )
    elif not chosen.https and not chosen.host.endswith(DOT_ONION):
        yield Finding(GRAVE, "People are led to an address without TLS: set IEC_PUBLIC_URL to one with https://.")
    if (chosen.onion_url or chosen.host.endswith(DOT_ONION)) and not chosen.trusted_proxies:
        yield Finding(
            WEAK,
            "Limits take all who come by the onion address for one, so that one can shut out all: let Tor reach the "
            "service through a proxy that tells circuits apart (operators.md), and set IEC_TRUSTED_PROXIES.",
        )
    if chosen.secret_key in chosen.vault_keys:
        yield Finding(WEAK, "One key serves as secret key and as vault key: make another secret key.")
    if chosen.trusted_proxies and not chosen.redis_url:
        yield Finding(HINT, "Each process counts rate limits for itself: with several of them, set IEC_REDIS_URL.")
    if chosen.redis_url and not limiter.storage.check():
        yield Finding(
            WEAK,
            "Redis does not answer, so each process counts rate limits for itself: look at IEC_REDIS_URL and at it.",
        )
    yield from _of_mail_settings(chosen, trial=trial)


def _of_mail_settings(chosen: Settings, *, trial: bool) -> Findings:
    serious = HINT if trial else GRAVE
    url = urlsplit(chosen.mail_url)
    if url.scheme == "file":
        yield Finding(
            serious, "Mail is written into a folder and reaches nobody: set IEC_MAIL_URL to your mail server."
        )
    elif url.scheme == "smtp" and url.hostname not in {"127.0.0.1", "localhost", "::1"}:
        tls = wants_starttls(chosen.mail_url)
        if not tls and url.username:
            yield Finding(GRAVE, "The mail server's password travels in the open: begin IEC_MAIL_URL with smtps://.")
        elif not tls:
            yield Finding(
                WEAK, "Mail leaves without TLS: add ?tls=starttls to IEC_MAIL_URL, or begin it with smtps://."
            )
    if f".{chosen.mail_from.rpartition('@')[2].casefold()}".endswith(NOBODYS):
        yield Finding(serious, f"Mail comes from {chosen.mail_from}, which is nobody: set IEC_MAIL_FROM.")
    if not MAILBOX.fullmatch(chosen.mail_from):
        yield Finding(GRAVE, "IEC_MAIL_FROM is no mail address, so no mail goes out: write it like events@example.org.")


def _of_zones(now: dt.datetime, tzdata: str) -> Findings:
    year = int(tzdata.partition(".")[0])
    if now.year < year:
        yield Finding(
            GRAVE, f"The clock says {now:%Y-%m-%d}, before the time zones in use were written: set the clock."
        )
    elif now.year - year > 1:
        yield Finding(WEAK, f"The rules of time zones are of {year}: install a newer version of the package tzdata.")
