"""Run the command line by `python -m ecgstream`."""

from ecgstream.tools.cli import main

if __name__ == "__main__":
    main()
