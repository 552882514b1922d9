"""`python -m videonas` is `videonas`."""

from videonas.cli import main

if __name__ == "__main__":
    main(prog_name="videonas")
