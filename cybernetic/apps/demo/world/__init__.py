"""The world of the demo: customers and their jobs, tools and prices, an owner, and what befalls them in an hour."""
