"""What each command does, callable from Python; one file per command, named after it."""
