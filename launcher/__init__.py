"""What stands behind bin/: it brings the environment, the engines and the processes up, and down again."""
