"""The team: people with their roles, inviting, removing, and beginning anew after a lost password."""
