"""Sound in memory: the ring buffer between threads, the sources that write it and the recorder that saves it."""
