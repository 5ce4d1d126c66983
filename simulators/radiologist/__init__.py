"""The radiologist: CT reports in varied English that all say the same truth."""
