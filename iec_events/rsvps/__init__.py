"""Who comes: placing, changing and withdrawing an RSVP, the rules of seats and of the waitlist."""
