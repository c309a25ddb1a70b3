"""The command ``vidseg``. Nothing imports from here."""
