"""The commands of the training side: ``auscult data``, ``train`` and ``evaluate``."""
