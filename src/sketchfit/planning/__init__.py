"""Planning under a deadline: which units of work to run, in which order, and when to stop."""
