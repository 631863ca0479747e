"""The demonstration: thirty messages through a broker and the installed worker, and what must come of each.

It knows the worker as a stranger does: by its program, its queues and its events.
"""
