"""The app's version, as the server sees it at sign-in and hello."""

APP_VERSION = "1.0.0"
