"""Messages of solidarity: leaving one, moderating, the wall."""
