"""Calendars: iCalendar documents, the feeds people subscribe to, and links into other calendars.

`vtimezone`, `ical` and `links` are pure functions on plain values; they know no row and no request.
"""
