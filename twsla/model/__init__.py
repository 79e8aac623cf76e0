"""Values only: records, times, filters, queries, results. Imports no third-party package."""
