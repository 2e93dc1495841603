"""Campaigns and events: their texts, places and times, and how they are published."""
