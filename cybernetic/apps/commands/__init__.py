"""The commands of the command line, one a file: `add` gives each its place in the parser."""
