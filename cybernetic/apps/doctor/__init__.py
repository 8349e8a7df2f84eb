"""What `cybernetic doctor` looks at: each check gives findings, ok, warn or fail, with the remedy."""
