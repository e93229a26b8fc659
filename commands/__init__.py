"""The `hawkins` commands, a module a group: options, bars and printing; the work is done by the packages."""
