"""One message's way, in the order in which it happens: received, read, shipped, settled."""
