"""Runs a plan: stage by stage, Globals round by round, with recovery and reuse of results."""
