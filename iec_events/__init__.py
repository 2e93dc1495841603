"""IEC Events: publish nights of solidarity, take RSVPs and messages, serve calendars.

The house, from the roof down; a room imports only what stands below it:

- `cli`, `app`, `worker`: the doors: a command, a WSGI application, the timed jobs
- `front`: pages that show more than one room; `reports`: exports, read from every room
- `team`: people and their roles
- `privacy`: what is erased when, across rooms; `access`: who reads which guest list
- `broadcasts`: letters to those on a list; `checkin`: the door
- `rsvps`: who comes; `solidarity`: messages and their wall
- `calendars`: iCalendar documents and feeds
- `questions`: what events ask of those who sign up
- `events`: campaigns, events, their places and times
- `organizers`: accounts, sessions, the organizers' area
- `mail`: the transactional outbox and its delivery
- `core`: knows no noun of ours
"""
