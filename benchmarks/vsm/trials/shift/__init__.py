"""Two divisions, one of which shrinks as the other grows, and slots that take a while to move."""
