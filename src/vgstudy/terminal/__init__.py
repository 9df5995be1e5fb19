"""How commands begin and end, and the tables that they print."""
