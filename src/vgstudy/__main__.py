"""`python -m vgstudy` is the command `vgstudy`."""

from vgstudy.cli import app

if __name__ == "__main__":
    app(prog_name="vgstudy")
