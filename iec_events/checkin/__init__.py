"""The door on the night: who has come."""
