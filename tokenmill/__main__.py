"""`python -m tokenmill` is the same program as the console scripts."""

from tokenmill.cli import program_of_scripts

if __name__ == "__main__":
    program_of_scripts()
