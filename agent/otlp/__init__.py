"""LogRecords out: mapping and encoding (pure), and the sink that proves delivery."""
