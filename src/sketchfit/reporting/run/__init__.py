"""The report on a finished run, section by section."""
