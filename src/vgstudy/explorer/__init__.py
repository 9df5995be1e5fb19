"""The report's explorer: a study's finished estimates as compact arrays, and the charts that show those of chosen cells."""
