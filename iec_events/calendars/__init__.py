"""Calendars: iCalendar documents, the feeds people subscribe to, and links into other calendars.

`vtimezone`, `ical`, `links` and `plain` are pure functions on plain values; `views` turns events into them, `feeds`
joins what is stored. docs/calendars.md tells the rules.
"""
