"""The sound for the ear: filters, slow motion and the output device. The classifier never gets any of it."""
