"""What a person sees of the demonstration: two companies side by side, the operations room, the fork, the score."""
