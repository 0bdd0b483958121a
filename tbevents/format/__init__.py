"""Event files as bytes: checksums, records, the layout of messages. No module here does I/O."""
