"""Reading event files: one file (`event_file`), a run, a logdir."""
