"""`trail-agent demo`: the real daemon against emulated AWS, with generated events in real noise."""
