"""What people see in a terminal, one module a command."""
