"""Writers: a Result goes in, bytes of one file format come out."""
