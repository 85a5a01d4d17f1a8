"""The sagemaker target: endpoints deployed to AWS, or to what emulates its control plane, described, and deleted."""
