"""Bytes to records: takes a byte stream, gives Arrow batches of one schema."""
