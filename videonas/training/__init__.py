"""Training of candidates, and the supervisor that keeps one bad candidate from harming others."""
