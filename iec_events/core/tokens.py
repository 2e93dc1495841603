"""Secrets that travel in links, and the hashes that are kept of them."""

import base64
import hashlib
import hmac
import secrets


def new_token() -> str:
    """A fresh secret of 256 bits, safe in a URL."""
    return secrets.token_urlsafe(32)


def new_id() -> str:
    """A random row id of 96 bits (16 characters), so that ids tell nothing of order or number."""
    return secrets.token_urlsafe(12)


def token_hash(token: str) -> str:
    """What is stored of a token: SHA-256 in hexadecimal (64 characters)."""
    return hashlib.sha256(token.encode()).hexdigest()


def derived_token(key: bytes, purpose: str, seed: str) -> str:
    """A token that the same seed gives again, and that nobody without `key` can foresee."""
    digest = hmac.digest(key, f"{purpose}\0{seed}".encode(), "sha256")
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
