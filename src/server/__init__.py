"""One replica of the server: it waits, answers, and names its pod.

`python -m long_lived.server` starts it in the runtime that the settings name; `app` is what
it answers, `runtimes` is how. Knows nothing of the client and of the lab.
"""
