"""`python -m tailgate` is the `tailgate` command."""

import sys

from tailgate.cli import main

if __name__ == "__main__":
    sys.exit(main())
