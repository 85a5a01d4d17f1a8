"""SageMaker's control plane as plain functions over boto3 clients; the emulated target and AWS itself get the same calls.

Everything is deleted by name, never by a handle that a crash could lose.
"""
