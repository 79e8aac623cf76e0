"""The command line: commands, options, where output goes, exit codes. Gives exit codes; nothing imports it."""
