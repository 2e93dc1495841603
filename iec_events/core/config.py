"""Settings: read once, from a mapping, the environment (`IEC_...`) or key files, and checked.

Secrets have no default. They come from the environment or from files of mode 0600 that `iec-events init` writes.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

from flask import current_app

SECRET_BYTES = 32
SECRET_FILE = "secret.key"  # noqa: S105 - a file name
VAULT_FILE = "vault.keys"
DOT_ONION = ".onion"  # what every name of an onion service ends with
OTHER_KEY = "The vault key is not the one this database was begun with: put the old key file back."


class ConfigError(Exception):
    """A setting is missing or unusable; the message is one sentence for the operator."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything an installation may choose."""

    data_dir: Path
    key_dir: Path
    database_url: str
    public_url: str
    onion_url: str
    secret_key: bytes
    vault_keys: tuple[bytes, ...]
    mail_url: str
    mail_from: str
    mail_name: str
    mail_per_minute: int
    redis_url: str
    trusted_proxies: int
    form_min_seconds: int
    security_contact: str
    testing: bool

    @property
    def host(self) -> str:
        """The host (without port) of the public address, as it stands in a Host header."""
        name = urlsplit(self.public_url).hostname or ""
        return f"[{name}]" if ":" in name else name

    @property
    def onion_host(self) -> str:
        """The host of the onion address beside the public one; empty where there is none."""
        return urlsplit(self.onion_url).hostname or ""

    @property
    def https(self) -> bool:
        """Whether people reach this installation over TLS."""
        return self.public_url.startswith("https://")


def settings() -> Settings:
    """The settings of the running application."""
    return cast("Settings", current_app.extensions["settings"])


def read_settings(given: Mapping[str, object] | None = None) -> Settings:
    """Settings from `given` (names in capitals), then `IEC_` variables, then key files; ConfigError if unusable."""

    def value(name: str, default: str = "") -> str:
        if given is not None and name in given:
            return str(given[name])
        return os.environ.get(f"IEC_{name}", default)

    data_dir = Path(value("DATA_DIR", "var")).resolve()
    key_dir = Path(value("KEY_DIR") or data_dir / "keys").resolve()
    public_url = _public_url(value("PUBLIC_URL", "http://127.0.0.1:8000"))
    return Settings(
        data_dir=data_dir,
        key_dir=key_dir,
        database_url=_begins(
            value("DATABASE_URL", f"sqlite:///{data_dir / 'iec_events.db'}"),
            "IEC_DATABASE_URL must begin with sqlite:/// or postgresql://.",
            ("sqlite:///", "postgresql://", "postgresql+psycopg://"),
        ),
        public_url=public_url,
        onion_url=_onion_url(value("ONION_URL"), public_url),
        secret_key=_keys(value("SECRET_KEY"), key_dir / SECRET_FILE, "IEC_SECRET_KEY")[0],
        vault_keys=_keys(value("VAULT_KEYS"), key_dir / VAULT_FILE, "IEC_VAULT_KEYS"),
        mail_url=_mail_url(value("MAIL_URL", f"file:{data_dir / 'mail'}")),
        mail_from=value("MAIL_FROM", "events@example.org"),
        mail_name=value("MAIL_NAME", "IEC Events"),
        mail_per_minute=_whole(value("MAIL_PER_MINUTE", "0"), "IEC_MAIL_PER_MINUTE"),
        redis_url=_redis_url(value("REDIS_URL")),
        trusted_proxies=_whole(value("TRUSTED_PROXIES", "0"), "IEC_TRUSTED_PROXIES"),
        form_min_seconds=_whole(value("FORM_MIN_SECONDS", "3"), "IEC_FORM_MIN_SECONDS"),
        security_contact=_contact(value("SECURITY_CONTACT")),
        testing=bool(given and given.get("TESTING")),
    )


def write_keys(data_dir: Path, key_dir: Path | None = None) -> None:
    """Make the data folder and the key files (mode 0600) where they are missing; existing keys stay.

    `key_dir` is where IEC_KEY_DIR says, else `keys` in the data folder.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    data_dir.chmod(0o700)
    folder = key_dir or data_dir / "keys"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in (SECRET_FILE, VAULT_FILE):
        try:
            handle = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            continue
        with os.fdopen(handle, "w") as file:
            file.write(base64.urlsafe_b64encode(secrets.token_bytes(SECRET_BYTES)).decode() + "\n")


def _keys(text: str, file: Path, name: str) -> tuple[bytes, ...]:
    if not text:
        try:
            text = file.read_text(errors="replace")
        except OSError:
            raise ConfigError(
                f"No secret found: set {name} or run `iec-events init`, which writes {file.name}."
            ) from None
        if file.stat().st_mode & 0o077:
            raise ConfigError(f"{file} can be read by others: run `chmod 600` on it.")
    try:
        keys = tuple(base64.urlsafe_b64decode(line) for line in text.replace(",", "\n").split())
    except (binascii.Error, ValueError):
        raise ConfigError(f"{name} is not base64: run `iec-events init` to make one.") from None
    if not keys or any(len(key) != SECRET_BYTES or len(set(key)) < SECRET_BYTES // 4 for key in keys):
        raise ConfigError(f"{name} must hold {SECRET_BYTES} random bytes in base64.")
    return keys


def _public_url(url: str) -> str:
    wrong = ConfigError("IEC_PUBLIC_URL must be the address people type, such as https://events.example.org.")
    try:
        parts = urlsplit(url)
        port = parts.port
        host = (parts.hostname or "").encode("idna").decode()  # as browsers send it in Host
    except ValueError:
        raise wrong from None
    if parts.scheme not in {"http", "https"} or not host or parts.username or parts.query or parts.fragment:
        raise wrong
    name = f"[{host}]" if ":" in host else host
    usual = {"http": 80, "https": 443}[parts.scheme]  # browsers leave it out of what passkeys are bound to
    return f"{parts.scheme}://{name}{f':{port}' if port and port != usual else ''}{parts.path.rstrip('/')}"


def _onion_url(url: str, public_url: str) -> str:
    """Empty, or the address of an onion service (version 3) beside the public one; mounted where that one is."""
    if not url:
        return ""
    scheme, _sep, host = url.rstrip("/").lower().partition("://")
    octets = _octets_of_onion(host)
    if scheme not in {"http", "https"} or not octets:
        raise ConfigError(
            "IEC_ONION_URL must be http:// or https://, the 56 letters and digits that Tor wrote into the file "
            "hostname, and .onion."
        )
    key, checksum, version = octets[:32], octets[32:34], octets[34:]
    if version != b"\3" or hashlib.sha3_256(b".onion checksum" + key + version).digest()[:2] != checksum:
        raise ConfigError("IEC_ONION_URL has a letter wrong, its checksum says: copy it from Tor's file hostname.")
    beside = urlsplit(public_url)
    if (beside.hostname or "").endswith(DOT_ONION):
        raise ConfigError("IEC_ONION_URL stands beside an ordinary address: where IEC_PUBLIC_URL is an onion, omit it.")
    return f"{scheme}://{host}{beside.path}"


def _octets_of_onion(host: str) -> bytes:
    """The 35 octets that a name of an onion service stands for; none if it is no such name."""
    try:
        octets = base64.b32decode(host.removesuffix(DOT_ONION).upper()) if host.endswith(DOT_ONION) else b""
    except ValueError:
        return b""
    return octets if len(octets) == 35 else b""  # noqa: PLR2004 - key, checksum and version of rend-spec-v3


def _mail_url(url: str) -> str:
    ways = ("smtp://", "smtps://", "file:")
    _begins(url, "IEC_MAIL_URL must begin with smtp://, smtps:// or file:", ways)
    if not url.startswith("file:") and not _names_server(url):
        raise ConfigError("IEC_MAIL_URL must name a server, such as smtp://mail.example.org:587.")
    return url


def _redis_url(url: str) -> str:
    """Empty, or one that `limits` knows; those that begin with redis+ name sockets or several servers."""
    if url and not url.startswith("redis+") and not (url.startswith(("redis://", "rediss://")) and _names_server(url)):
        raise ConfigError("IEC_REDIS_URL must name a server, such as redis://127.0.0.1:6379/0.")
    return url


def _contact(uri: str) -> str:
    """Empty, or one line of RFC 9116: an address of a page or of a mailbox."""
    plain = uri.isascii() and uri.isprintable() and " " not in uri
    mailbox, _at, host = uri.removeprefix("mailto:").partition("@")
    is_mailto = uri.startswith("mailto:") and mailbox and host
    if uri and not (plain and (is_mailto or (uri.startswith("https://") and _names_server(uri)))):
        raise ConfigError("IEC_SECURITY_CONTACT must begin with mailto: or https://, as mailto:security@example.org.")
    return uri


def _names_server(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _begins(url: str, sentence: str, ways: tuple[str, ...]) -> str:
    if not url.startswith(ways):
        raise ConfigError(sentence)
    return url


def _whole(text: str, name: str) -> int:
    if not text.isdecimal():
        raise ConfigError(f"{name} must be a whole number.")
    return int(text)
