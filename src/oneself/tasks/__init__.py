"""What can be asked for: the plain functions of the library."""
