"""What a run sends to other programs by itself: to an MQTT broker, and to a webhook. Each has a thread of its own."""
