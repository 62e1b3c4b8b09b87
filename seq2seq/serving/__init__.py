"""Requests for translations from many users at once: what the page does without the web.

service.py         the models, and what they do for a request
limits.py          what users may do: length of a text, queue, concurrency, training
request.py         the checks of a request, before a model is called
turns.py           the limit on how many compute at once, and batches of what waits
sentences.py       the sentences of a request, and their translations put together again
metrics.py         what is counted, for Prometheus
cache.py           recent translations of sentences
live_sessions.py   what each page showed last, so that little of it changes
"""
