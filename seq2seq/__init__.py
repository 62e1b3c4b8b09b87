"""Train your own translator from parallel text, and use it anywhere."""
