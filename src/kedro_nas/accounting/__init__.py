"""Seconds of a job by stage, their costs, and the budget of the whole job."""
