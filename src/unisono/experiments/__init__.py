"""Many runs of the pipeline at once, compared: the six models, the second system's variants."""
