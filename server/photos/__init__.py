"""Content-addressed photos: uploads, checks, derived sizes."""
