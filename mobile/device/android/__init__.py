"""The phone's own parts through pyjnius. Nothing here is imported on other machines."""
