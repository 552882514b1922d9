"""What a network is worth: its accuracy and its latency."""
