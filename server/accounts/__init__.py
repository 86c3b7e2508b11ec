"""People, roles, devices and sign-in."""
