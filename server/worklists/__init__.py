"""Out to devices: pages of the feed, snapshots."""
