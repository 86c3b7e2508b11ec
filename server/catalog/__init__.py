"""Categories, conditions, limits, units and phrases."""
