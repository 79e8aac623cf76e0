"""Shows a Result on a screen and turns keys into slices, sorts, filters and actions; knows nothing of analyses."""
