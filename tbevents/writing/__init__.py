"""Writing event files: one file (`event_file_writer`), and the API that scripts use (`summary_writer`)."""
