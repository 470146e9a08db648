"""The engine `asyncio`: all users in one thread, on one event loop, without a task for each."""
