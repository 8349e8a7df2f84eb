"""What nodes decide, as pure functions and values: who is a member, where an agent goes, who holds a name."""
