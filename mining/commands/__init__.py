"""What `headrace COMMAND` does, by what it is about; `mining/cli.py` puts the commands together."""
