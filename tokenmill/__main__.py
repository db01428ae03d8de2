"""`python -m tokenmill` is the same program as the console scripts."""

from tokenmill.cli import main

if __name__ == "__main__":
    main()
