"""One file, one method, one row of the survey's table."""
