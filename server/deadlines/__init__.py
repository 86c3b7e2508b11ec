"""The sweep over due dates, and the scheduler that knocks."""
