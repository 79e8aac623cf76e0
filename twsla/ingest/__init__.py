"""Source -> format -> filter -> store: takes what to import, gives a committed manifest and a report."""
