"""What ``auscult bench`` measures: each module one thing, as plain numbers. Nothing here prints."""
