"""Time stamps: found on the lines of a source, given the year and zone they leave out, and turned into UTC."""
