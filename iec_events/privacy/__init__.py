"""What is erased when, across rooms: the terms in `retention`, the end of an event's list in `actions`."""
