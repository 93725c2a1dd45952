"""What an input is: checked, and brought in and out."""
