"""System 3: inside and now. It bargains resources against performance, holds to account, and intervenes rarely."""
