"""A tool that says "ok" and is wrong, customers who complain late, and audits."""
