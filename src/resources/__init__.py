"""What a process with thousands of threads and connections needs from CPython and the kernel.

Server and client both are such processes, and know nothing of each other; nothing here
knows either of them.
"""
