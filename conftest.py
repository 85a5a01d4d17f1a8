"""A table of contents: where this suite's fixtures live. The plugin itself comes with the installed package."""

pytest_plugins = ("fixtures.endpoints", "pytester")
