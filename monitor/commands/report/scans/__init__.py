"""The page of many recordings: what a scan has found."""
