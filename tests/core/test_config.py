"""Settings: where they come from, and the one sentence for each that is unusable."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from iec_events.core.config import ConfigError, read_settings, write_keys

KEY = base64.urlsafe_b64encode(bytes(range(32))).decode()
NO_CONTACT = "IEC_SECURITY_CONTACT must begin with mailto: or https://, as mailto:security@example.org."
OTHER = base64.urlsafe_b64encode(bytes(range(100, 132))).decode()


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    import os  # noqa: PLC0415

    for name in [name for name in os.environ if name.startswith("IEC_")]:
        monkeypatch.delenv(name)


def given(folder: Path, **others: object) -> dict[str, object]:
    return {"DATA_DIR": folder, "SECRET_KEY": KEY, "VAULT_KEYS": KEY, **others}


def test_what_is_not_said_is_ordinary_and_local(tmp_path: Path) -> None:
    chosen = read_settings(given(tmp_path))
    assert chosen.database_url == f"sqlite:///{tmp_path / 'iec_events.db'}"
    assert chosen.mail_url == f"file:{tmp_path / 'mail'}"
    assert (chosen.public_url, chosen.host, chosen.https) == ("http://127.0.0.1:8000", "127.0.0.1", False)
    assert (chosen.trusted_proxies, chosen.testing, chosen.redis_url) == (0, False, "")


def test_what_is_given_beats_the_environment_which_beats_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_keys(tmp_path)
    monkeypatch.setenv("IEC_DATA_DIR", str(tmp_path))
    from_files = read_settings()
    assert len(from_files.secret_key) == 32
    assert from_files.secret_key != from_files.vault_keys[0]
    monkeypatch.setenv("IEC_SECRET_KEY", KEY)
    monkeypatch.setenv("IEC_VAULT_KEYS", f"{OTHER}, {KEY}")
    read = read_settings()
    assert (read.secret_key, read.vault_keys) == (bytes(range(32)), (bytes(range(100, 132)), bytes(range(32))))
    assert read_settings({"SECRET_KEY": OTHER}).secret_key == bytes(range(100, 132))


def test_keys_are_written_once_for_their_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "var"
    write_keys(folder)
    files = sorted((folder / "keys").iterdir())
    assert [file.name for file in files] == ["secret.key", "vault.keys"]
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert {path.stat().st_mode & 0o777 for path in (folder, folder / "keys")} == {0o700}
    before = [file.read_text() for file in files]
    write_keys(folder)
    assert [file.read_text() for file in files] == before


@pytest.mark.parametrize(
    ("url", "kept", "host"),
    [
        ("https://events.example.org/", "https://events.example.org", "events.example.org"),
        ("HTTPS://Events.Example.ORG", "https://events.example.org", "events.example.org"),
        ("http://[::1]:8000", "http://[::1]:8000", "[::1]"),
        ("https://events.example.org:443", "https://events.example.org", "events.example.org"),
        ("http://localhost:80", "http://localhost", "localhost"),
        ("https://events.example.org:80", "https://events.example.org:80", "events.example.org"),
        ("https://example.org/night/", "https://example.org/night", "example.org"),
        ("https://شب.example", "https://xn--ngbx.example", "xn--ngbx.example"),
    ],
)
def test_public_addresses_are_read_as_browsers_send_them(tmp_path: Path, url: str, kept: str, host: str) -> None:
    chosen = read_settings(given(tmp_path, PUBLIC_URL=url))
    assert (chosen.public_url, chosen.host, chosen.https) == (kept, host, url.lower().startswith("https"))


@pytest.mark.parametrize(
    "url",
    ["", "events.example.org", "ftp://example.org", "http://", "http://[bad", "http://x:99999", "javascript:alert(1)",
     "https://example.org?x=1", "https://example.org/#x", "https://me@example.org", "https://a..b"],
)  # fmt: skip
def test_other_public_addresses_are_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(ConfigError, match=r"^IEC_PUBLIC_URL must be the address people type, such as https://"):
        read_settings(given(tmp_path, PUBLIC_URL=url))


ONION = "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion"  # of rend-spec-v3


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("", ""),
        (f"http://{ONION}", f"http://{ONION}/night"),
        (f"HTTPS://{ONION.upper()}/", f"https://{ONION}/night"),
    ],
)
def test_an_onion_address_stands_beside_the_public_one(tmp_path: Path, url: str, kept: str) -> None:
    chosen = read_settings(given(tmp_path, PUBLIC_URL="https://example.org/night/", ONION_URL=url))
    assert (chosen.onion_url, chosen.onion_host) == (kept, ONION if kept else "")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (ONION, "must be http://"),
        ("http://facebookcorewwwi.onion", "56 letters"),
        (f"http://www.{ONION}", "56 letters"),
        (f"http://{ONION}:8080", "56 letters"),
        (f"http://{ONION}/night", "56 letters"),
        (f"http://me@{ONION}", "56 letters"),
        (f"ftp://{ONION}", "must be http://"),
        (f"http://{ONION.replace('pg', '1g')}", "56 letters"),
        (f"http://{ONION.replace('onion', 'example')}", "56 letters"),
        (f"http://{ONION.replace('pg', 'pq')}", "a letter wrong"),
        (f"http://{ONION.replace('d.onion', 'e.onion')}", "a letter wrong"),
        ("http://ш" + "a" * 55 + ".onion", "56 letters"),
    ],
)
def test_what_is_no_onion_address_is_refused(tmp_path: Path, url: str, words: str) -> None:
    with pytest.raises(ConfigError, match=r"^IEC_ONION_URL ") as refused:
        read_settings(given(tmp_path, ONION_URL=url))
    assert words in str(refused.value)


def test_an_onion_stands_beside_no_other(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^IEC_ONION_URL stands beside an ordinary address"):
        read_settings(given(tmp_path, PUBLIC_URL=f"http://{ONION}", ONION_URL=f"http://{ONION}"))


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("SECRET_KEY", "hunter2", "IEC_SECRET_KEY is not base64: run `iec-events init` to make one."),
        ("SECRET_KEY", "é" * 44, "IEC_SECRET_KEY is not base64: run `iec-events init` to make one."),
        ("SECRET_KEY", "c2hvcnQ=", "IEC_SECRET_KEY must hold 32 random bytes in base64."),
        ("SECRET_KEY", base64.b64encode(b"a" * 32).decode(), "IEC_SECRET_KEY must hold 32 random bytes in base64."),
        ("VAULT_KEYS", f"{KEY},c2hvcnQ=", "IEC_VAULT_KEYS must hold 32 random bytes in base64."),
        ("VAULT_KEYS", " , ", "IEC_VAULT_KEYS must hold 32 random bytes in base64."),
        ("TRUSTED_PROXIES", "one", "IEC_TRUSTED_PROXIES must be a whole number."),
        ("TRUSTED_PROXIES", "-1", "IEC_TRUSTED_PROXIES must be a whole number."),
        ("TRUSTED_PROXIES", "", "IEC_TRUSTED_PROXIES must be a whole number."),
        ("FORM_MIN_SECONDS", "1.5", "IEC_FORM_MIN_SECONDS must be a whole number."),
        ("DATABASE_URL", "nonsense", "IEC_DATABASE_URL must begin with sqlite:/// or postgresql://."),
        ("DATABASE_URL", "mysql://x", "IEC_DATABASE_URL must begin with sqlite:/// or postgresql://."),
        ("MAIL_URL", "gopher://x", "IEC_MAIL_URL must begin with smtp://, smtps:// or file:"),
        ("MAIL_URL", "smtp://:587", "IEC_MAIL_URL must name a server, such as smtp://mail.example.org:587."),
        ("MAIL_URL", "smtps://mail:x", "IEC_MAIL_URL must name a server, such as smtp://mail.example.org:587."),
        ("SECURITY_CONTACT", "me@example.org", NO_CONTACT),
        ("SECURITY_CONTACT", "http://example.org/security", NO_CONTACT),
        ("SECURITY_CONTACT", "https:///security", NO_CONTACT),
        ("SECURITY_CONTACT", "mailto:@example.org", NO_CONTACT),
        ("SECURITY_CONTACT", "mailto:me@example.org\nPolicy: x", NO_CONTACT),
        ("REDIS_URL", "localhost:6379", "IEC_REDIS_URL must name a server, such as redis://127.0.0.1:6379/0."),
        ("REDIS_URL", "redis://cache:x/0", "IEC_REDIS_URL must name a server, such as redis://127.0.0.1:6379/0."),
    ],
)
def test_a_bad_setting_is_told_in_one_sentence(tmp_path: Path, name: str, value: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as refused:
        read_settings(given(tmp_path, **{name: value}))
    assert str(refused.value) == sentence
    assert value.strip(" ,") == "" or value not in str(refused.value)


def test_missing_and_readable_key_files(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^No secret found: set IEC_SECRET_KEY or run `iec-events init`, which"):
        read_settings({"DATA_DIR": tmp_path})
    write_keys(tmp_path)
    file = tmp_path / "keys" / "vault.keys"
    file.chmod(0o640)
    with pytest.raises(ConfigError, match=r"vault\.keys can be read by others: run `chmod 600` on it\.$"):
        read_settings({"DATA_DIR": tmp_path})
    file.chmod(0o600)
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match=r"^IEC_VAULT_KEYS is not base64"):
        read_settings({"DATA_DIR": tmp_path})
    file.write_text("")
    with pytest.raises(ConfigError, match=r"^IEC_VAULT_KEYS must hold 32 random bytes"):
        read_settings({"DATA_DIR": tmp_path})
