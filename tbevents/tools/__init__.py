"""What can be done with whole runs and files; the command line is a thin layer over it."""
