"""Translate stdin to stdout: `seq2seq translate` in a checkout."""

import sys

from seq2seq.cli.main import main

if __name__ == "__main__":
    main(["translate", *sys.argv[1:]])
