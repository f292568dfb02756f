"""A folder in which the pipeline ran: its models, and its catalogue to ask."""
