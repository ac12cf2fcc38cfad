"""Records of every kind that may come in, sound and spoilt, made from the published schemas and a source of chance."""
