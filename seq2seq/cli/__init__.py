"""The `seq2seq` command.

main.py          chooses the subcommand, and turns errors into messages and exit codes
options.py       options that several subcommands share
help_texts.py    the help of an option is the text below its field
streams.py       stdin, stdout and stderr: UTF-8, and safe to use when the caller has closed one
memory.py        recognises a lack of memory
messages.py      messages on stderr
preflight.py     what `train` decides and checks before it trains
going_on.py      the same `train` command again
outputs.py       which files a command may write
output_forms.py  the forms in which `translate` prints a translation

Each subcommand has a module of its own name.
"""
