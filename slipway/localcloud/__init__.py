"""The embedded cloud: AWS, GitHub and Kubernetes on loopback, in one background process.

`runtime` starts, finds and stops the process; `server` is the process. Nothing here listens on, or talks
to, anything but 127.0.0.1.
"""
