"""The procedure record: documentation and console joined, reports placed, follow-up and baseline found."""
