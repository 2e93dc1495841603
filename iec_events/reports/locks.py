"""Files that open elsewhere with a passphrase or a private key, in the format of age (https://age-encryption.org/v1).

pyrage writes the ones for a public key. Those for a passphrase are written here: pyrage measures the machine to choose
how dear scrypt shall be, and took between 128 MiB and 1 GiB of memory for it, which would end a small server.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
import threading
from functools import cache

import pyrage
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from mnemonic import Mnemonic

WORK = 17  # scrypt's N is 2 to this: 128 MiB and about half a second
BLOCK = 8
CHUNK = 64 * 1024
WORDS = 7  # of 2048 each: 77 bits, besides what scrypt costs
_one_at_a_time = threading.Lock()


class KeyRefused(ValueError):
    """No public key of age."""


def new_words() -> str:
    """A passphrase of words that nobody foresees, in letters that every keyboard has."""
    return " ".join(secrets.choice(_words()) for _ in range(WORDS))


def locked_for(public_key: str, octets: bytes) -> bytes:
    """The octets, locked so that the owner of this public key (`age1...`) opens them. KeyRefused."""
    try:
        recipient = pyrage.x25519.Recipient.from_str(public_key)
    except pyrage.RecipientError as error:
        raise KeyRefused from error
    return bytes(pyrage.encrypt(octets, [recipient]))


def locked_with(passphrase: str, octets: bytes) -> bytes:
    """The octets, locked with a passphrase; one such lock is made at a time, for the sake of memory."""
    file_key, salt, nonce = os.urandom(16), os.urandom(16), os.urandom(16)
    with _one_at_a_time:
        wrapping = hashlib.scrypt(
            passphrase.encode(),
            salt=b"age-encryption.org/v1/scrypt" + salt,
            n=1 << WORK,
            r=BLOCK,
            p=1,
            maxmem=(1 << WORK) * BLOCK * 128 * 2,
            dklen=32,
        )
    body = ChaCha20Poly1305(wrapping).encrypt(bytes(12), file_key, None)
    header = f"age-encryption.org/v1\n-> scrypt {_base64(salt)} {WORK}\n{_base64(body)}\n---".encode()
    mac = hmac.digest(_derived(file_key, b"", b"header"), header, "sha256")
    stream = b"".join(_stream(_derived(file_key, nonce, b"payload"), octets))
    return header + f" {_base64(mac)}\n".encode() + nonce + stream


def _stream(key: bytes, octets: bytes) -> list[bytes]:
    """Chunks of 64 KiB; the last one is marked, so that a file that was cut shows."""
    cipher, last = ChaCha20Poly1305(key), max(0, len(octets) - 1) // CHUNK
    return [
        cipher.encrypt(
            number.to_bytes(11, "big") + bytes([number == last]), octets[number * CHUNK : (number + 1) * CHUNK], None
        )
        for number in range(last + 1)
    ]


def _derived(key: bytes, salt: bytes, info: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=salt or None, info=info).derive(key)


def _base64(octets: bytes) -> str:
    return base64.b64encode(octets).rstrip(b"=").decode()


@cache
def _words() -> list[str]:
    return list(Mnemonic("english").wordlist)
