"""``python -m lipkit.experiments``."""

from lipkit.experiments._cli import main

if __name__ == "__main__":
    main()
