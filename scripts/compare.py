"""Train several settings on the same data and compare them: `seq2seq compare` in a checkout."""

import sys

from seq2seq.cli.main import main

if __name__ == "__main__":
    main(["compare", *sys.argv[1:]])
