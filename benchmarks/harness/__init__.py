"""How the suite measures and shows what it measured; no benchmark stands here."""
