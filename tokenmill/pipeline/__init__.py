"""Runs units of work: recipe, plan, tasks, manifests, reports."""
