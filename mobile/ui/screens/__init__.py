"""The app's pages, one per file with its .kv beside it."""
