"""Measure how far gradients reach back in time: `seq2seq gradients` in a checkout."""

import sys

from seq2seq.cli.main import main

if __name__ == "__main__":
    main(["gradients", *sys.argv[1:]])
