"""The web pages for the people in the office."""
