"""One replica of the server: it waits, answers, and names its pod.

`python -m long_lived.server` starts it in the runtime that the settings name; `app` is what
it answers, `runtimes` is how. It knows neither the client nor the lab.
"""
