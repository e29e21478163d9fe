"""The command line: the only room that talks to a person, to cron, and to a pipe."""
