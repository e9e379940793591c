"""Pure: same input, same output. No clock, files, network, database, logging or randomness."""
