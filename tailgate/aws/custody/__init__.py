"""Custody: nothing of ours stays behind. Everything is deleted by name, never by a handle that a crash could lose.

about to create ──▶ ledger ──▶ custodian (at the end) or reaper (if the session died) or sweep ──▶ removal ──▶ resources
"""
