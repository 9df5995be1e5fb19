"""Tables on disk: Parquet in and out, whole or not at all, with their provenance."""
