"""Letters of organizers to those on an event's list: written, looked at, sent now or later, stopped."""
