"""The working calendar, and arithmetic on working time."""
