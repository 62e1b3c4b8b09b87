"""Requests for translations from many users at once: what the page does without the web.

service.py         the models, and what they do for a request
limits.py          what users may do: length of a text, queue, concurrency, training
request.py         the checks of a request, before a model is called
turns.py           the limit on how many compute at once, and batches of what waits
sentences.py       the sentences of a request, and their translations put together again
metrics.py         what is counted, for Prometheus
cache.py           recent translations of sentences
live_sessions.py   what each page showed last, so that little of it changes

Work that takes minutes:

uploads.py         files that users send
jobs.py            work in a thread, with its progress
file_jobs.py       translating a file
evaluation_jobs.py, evaluation_report.py   scoring models on a test file, and the report
training_runs.py, training_log.py          `seq2seq train` in a process of its own, and its curves
preflight_jobs.py  what is to be expected of a training
trained_model.py   the model of a training, served beside the others
"""
