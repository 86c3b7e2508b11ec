"""Stand-ins for a phone's parts, for desks, demos and tests. Each one says what it is."""
