"""What a test says of a run: assertions on its trajectory, and golden runs."""
