"""Score a model on a test set: `seq2seq evaluate` in a checkout."""

import sys

from seq2seq.cli.main import main

if __name__ == "__main__":
    main(["evaluate", *sys.argv[1:]])
