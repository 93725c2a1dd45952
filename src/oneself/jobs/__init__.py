"""Work on files: prepare, run, write, record; shared by whatever stands before it."""
