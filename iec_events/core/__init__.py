"""What every room stands on; nothing here may know an event, an RSVP or an organizer."""
