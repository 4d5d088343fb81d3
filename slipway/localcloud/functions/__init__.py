"""Runs the Lambda functions that are deployed in moto: workers, the HTTP gateway, queues and schedules.

moto itself would run each call in a Docker container. Here a function is its own deployed bytes in a warm
subprocess that knows nothing of ours, and its calls go to moto.
"""
