"""Real servers for the tests: started on free ports in temporary folders, stopped by process id."""
