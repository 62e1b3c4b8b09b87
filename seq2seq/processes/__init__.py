"""A long run among other processes: signals, locks, and several processes that work together.

interruption.py   signals as a request to stop
directory_lock.py one process at a time in a directory
distributed.py    several processes that train together
"""
