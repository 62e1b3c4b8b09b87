"""Serve the page: `python app.py [--model runs/en-fr]… [--port 7860]`. Without --model, the bundled model."""

import sys

from seq2seq.cli.main import main

if __name__ == "__main__":
    main(["serve", *sys.argv[1:]])
