"""What users would pick instead, as someone competent would set it up; one file each."""
