"""Parquet files and manifests on disk: appends whole imports, lists files for a time range."""
