"""The English catalogue of pages and messages, and the tool that keeps it whole."""
