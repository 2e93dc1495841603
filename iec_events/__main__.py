"""`iec-events`, and `python -m iec_events`."""

from .core.memory import loading

with loading():
    from .cli import main

if __name__ == "__main__":
    main(prog_name="iec-events")
