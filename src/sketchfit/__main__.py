"""`python -m sketchfit`, and with it `accelerate launch -m sketchfit`."""

from sketchfit.cli.main import main

main()
