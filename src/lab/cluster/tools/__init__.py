"""The command-line tools that the cluster backend calls: kubectl and helm, the real ones."""
