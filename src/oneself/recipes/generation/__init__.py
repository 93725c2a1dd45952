"""New pictures that look like one."""
