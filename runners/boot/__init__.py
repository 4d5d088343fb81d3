"""What runs on an instance: it claims one job's runner configuration, runs that job, and asks to be ended."""
