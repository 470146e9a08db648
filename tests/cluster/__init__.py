"""A miniature Kubernetes cluster: real helm and kubectl talk to it, pods are local processes.

It stands in for what the lab, the chart and the Makefile ask of a cluster, and no more: the
command lines, selectors and objects are real, and so is what runs in the pods.
`miniature.running` yields a whole one, `api.running` one that only keeps objects. `make e2e` asks a
real cluster the same.

Faithful: creating, patching, applying (server-side), deleting, listing, watching; selectors; owner
references and their garbage; the Indexed Job, whose indexes are never tried twice; a pod's phases,
readiness, logs and graceful end; Services that balance connections (never requests) over the pods
that they select, headless ones that resolve to the ready pods; the client's and the server's own
code with the chart's own arguments.

What a cluster says of pods that do not start, of sidecars, of restarts in place and of missing
rights is no matter of this one: tests/lab/cluster/told has that as data.

Not faithful: there are no events and no ReplicaSets: a Deployment makes all its new pods at once,
and deletes an old one for each that is ready. There are no images (an image's name chooses the
module; one of `nowhere` cannot be pulled), nodes, limits, security contexts, quotas, startup
probes, preStop hooks, session affinity, log rotation and dry runs. A ready pod stays ready until
its end. A Service loses a pod when its process stops listening, and the kernel balances by a hash.
A pod belongs to the Services that select it when it starts. `kubectl logs` knows `--follow` and no
other flag, `kubectl exec` does the lab's kill and nothing else; of a server-side apply only the
number of replicas can conflict; `kubectl get` prints names and ages alone.
"""
