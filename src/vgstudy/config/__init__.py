"""Study files: read and checked, one clear line per mistake; what Keras offers as levels."""
