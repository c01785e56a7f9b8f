"""Section "Next": rules on what the report found, each with a command and the gain to expect from it."""
