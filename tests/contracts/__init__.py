"""What every member of a family must do: one `check_…` per family, also for members from outside the package."""
