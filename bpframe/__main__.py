"""python -m bpframe: the command line where no script is on the path."""

from bpframe.cli import main

main()
