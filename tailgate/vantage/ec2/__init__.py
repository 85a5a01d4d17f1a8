"""EC2: hosts launched for a session, made ready by Systems Manager and S3 alone, and terminated at its end.

survey ──▶ launch ──▶ commands: bootstrap (the bundle from S3) ──▶ agent ──▶ … ──▶ custody: terminated, and seen to be
"""
