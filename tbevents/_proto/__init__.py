"""Messages generated from proto/*.proto by proto/regenerate.py. Do not edit."""
