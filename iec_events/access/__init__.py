"""Who can open what: the recovery key, giving and taking away access to lists, new keys for a list."""
