"""Writing event files: one file (`event_file`), and the API that scripts use (`summary_writer`)."""
