"""How texts are cut into words and sentences, and how words are hashed. The only place that decides it."""
