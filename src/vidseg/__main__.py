"""``python -m vidseg`` does what the command ``vidseg`` does."""

from .cli.main import main

if __name__ == "__main__":
    raise SystemExit(main())
