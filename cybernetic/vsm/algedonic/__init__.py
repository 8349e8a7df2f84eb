"""The algedonic channel's end in each level: pain is felt, climbs, and wakes a human."""
