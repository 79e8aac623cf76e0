"""One file per question: (engine, options, progress) -> Result."""
