"""Pulumi providers for the embedded cloud: aws, github, kubernetes and eks, on loopback addresses only."""
