"""Which estimates each picture shows: selections of the finished tables, shared by figures and captions, drawn by neither."""
