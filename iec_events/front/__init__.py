"""Pages that show more than one room: home, campaign, event, the organizers' dashboard."""
