"""Wikipedia dumps: reads pages, and converts wikitext to text."""
