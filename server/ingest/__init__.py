"""In from devices: changes and uploads."""
