"""What a scan of many recordings has written: read back in every form, and counted."""
