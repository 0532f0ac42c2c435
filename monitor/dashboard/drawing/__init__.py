"""Drawing as pure functions: snapshot and state in, a canvas of characters out; no terminal, clock or thread."""
