"""Small image mathematics: filters, haze, crops, registration, gaps filled smoothly."""
