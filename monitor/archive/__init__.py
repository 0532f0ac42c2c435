"""Recordings and sessions that were kept, as timelines: read whole, or judged once at full speed. No thread is live."""
