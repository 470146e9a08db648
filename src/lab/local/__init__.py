"""An experiment on one machine: replicas that share a port, and clients, as processes."""
