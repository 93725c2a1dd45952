"""Small image mathematics: filters, haze, crops, registration."""
