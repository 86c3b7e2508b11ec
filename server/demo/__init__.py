"""A believable district to try everything on."""
