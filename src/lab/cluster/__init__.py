"""An experiment on a Kubernetes cluster: a Helm release, its pods and logs, through kubectl."""
