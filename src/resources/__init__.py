"""What a process with thousands of threads and connections needs from CPython and the kernel.

Server and client are both such processes and know nothing of each other; nothing here knows
about either.
"""
