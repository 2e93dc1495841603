"""What an event asks of those who come: its own questions, in the form of the RSVP and in the organizers' area."""
