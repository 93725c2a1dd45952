"""What `oneself` can be told to do in a shell. `app` and `flags` are light; the rest is imported when it is needed."""
