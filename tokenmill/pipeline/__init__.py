"""How work is run: recipe, plan, tasks, manifests, reports."""
