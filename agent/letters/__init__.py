"""What an operator does with dead letters: look through them, read them again, send them back, delete them."""
