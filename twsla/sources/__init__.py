"""Where bytes come from: takes what the user typed, gives named byte streams."""
