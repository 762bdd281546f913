"""Files that survive whatever ends the process."""
