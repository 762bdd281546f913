"""A trail event → a LogRecord: which events are kept, and what each becomes. Pure."""
