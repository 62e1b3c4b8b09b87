"""Translates files by their format: what is text is translated, everything else is kept.

| suffix | what is translated | file |
|---|---|---|
| `.txt`, others | each line | plain.py |
| `.tsv`, `.csv` | a column, into a new or a named one | table.py, columns.py |
| `.jsonl` | a field of each object, into a new or a named one | jsonl.py, columns.py |
| `.srt` | the texts of the cues | srt.py |
| `.tmx` | a variant is added to each unit | tmx.py |

Each may be gzipped (`.gz`). A format turns a file into pieces (pieces.py), `translating.py` translates and
writes them, `shards.py` shares the lines of a large plain text among processes. Files are UTF-8 (a TMX file
may say otherwise); a byte order mark and the ends of the lines are kept.
"""
