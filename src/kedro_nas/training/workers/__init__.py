"""Worker pools, and the processes of the local one."""
