"""The agent: runs on a host, and does what the session's letters ask. `python -m tailgate.vantage.agent`"""
