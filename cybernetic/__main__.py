"""`python -m cybernetic`: the command line, as the command `cybernetic` is."""

import cybernetic.apps

if __name__ == "__main__":
    raise SystemExit(cybernetic.apps.main())
