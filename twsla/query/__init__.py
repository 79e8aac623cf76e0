"""Questions to SQL: takes a Query, gives rows of the store. The only package that evaluates filters."""
