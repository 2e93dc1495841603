"""Organizers: accounts, sign-in, sessions, and the shell of their area."""
