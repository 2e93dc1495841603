"""The one place that asks what time it is; rules take `now=` instead.

Time zones come from the package `tzdata`, which is locked and renewed with us. Left alone, `zoneinfo` prefers the
files of the machine, which may be years old: Debian 12 of 2025 has Vancouver an hour wrong from November 2026 on.
"""

import datetime as dt
import zoneinfo

zoneinfo.reset_tzpath(to=())
zoneinfo.ZoneInfo.clear_cache()


def now() -> dt.datetime:
    """The present moment, aware, in UTC."""
    return dt.datetime.now(dt.UTC)
