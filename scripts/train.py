"""Train a translator from parallel text: `seq2seq train` in a checkout."""

import sys

from seq2seq.cli.main import main

if __name__ == "__main__":
    main(["train", *sys.argv[1:]])
