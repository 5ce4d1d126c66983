"""Rule sets as data, and the grade with its reasons."""
