"""The `seq2seq` command: `main.py` chooses the subcommand; each subcommand has a file of its own."""
