"""The public functions of `sketchfit.__all__`, one file each. They check their arguments before torch is imported."""
