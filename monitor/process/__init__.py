"""What belongs to the process as a whole: its signals, and what native code writes to its standard error."""
