"""What an endpoint runs: the container's image, the model's archive, and where its data is put."""
