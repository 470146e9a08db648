"""A miniature Kubernetes cluster: real helm and kubectl talk to it, pods are local processes.

It is a stand-in. `miniature.running` gives a whole one, `api.running` one that only keeps objects.

Faithful: creating, patching, applying (server-side), deleting, listing, watching; selectors; owner
references and their garbage; the Deployment's rolling update; the Indexed Job, whose indexes are
never tried twice; a pod's phases, container states, restarts, readiness, logs and graceful end;
Services that balance connections (never requests) over the pods that they select, headless ones
that resolve to the ready pods; the client's and the server's own code with the chart's own
arguments.

Admission, the scheduler and liveness probes do what a test tells them, in the words of the real
ones; of events there are those. A sidecar is a name in a pod, and nothing that runs.

Not faithful: there are no images (an image's name chooses the module), nodes, limits, security
contexts, quotas, startup probes, preStop hooks, session affinity and log rotation. Readiness probes
come five times a second. A Service loses a pod when its process stops to listen, not when the pod
becomes unready, and the kernel balances by a hash. A pod belongs to the Services that select it
when it starts. `kubectl logs --timestamps` gives the times of reading, and `--since` is without
effect. `kubectl exec` does the lab's kill and nothing else; of a server-side apply only the number
of replicas can conflict; `port-forward` and `top` are refused.
"""
