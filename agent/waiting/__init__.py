"""Faults that are waited for: something that the work needs does not work, and no message is to blame."""
