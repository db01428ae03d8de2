"""Work for the pipeline's tests, named in recipes through --plugins toolbox."""
