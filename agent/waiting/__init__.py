"""Faults that are waited for: something around the agent does not work, and no message is to blame."""
