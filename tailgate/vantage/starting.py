"""Starting: lines of shell that start an agent on a host, and end once it is at work, or at once with its last words where it is not.

Until an agent has given its first sign of life nobody can miss it; so whoever starts it stays by it for so long.
"""

from __future__ import annotations

AT_WORK = "the agent is at work"
"""What an agent writes once S3 has taken its first sign of life."""

_LOOKS, _LOOK_S = 150, 0.2
_LINES = 15


def started(agent: str, log: str, otherwise: str) -> list[str]:
    """Lines for /bin/sh. agent: a command. log: where it writes, as a word of shell. otherwise: what is written first where it ended.

    One that is neither at work nor gone after half a minute is left to whoever awaits its letters. Pure.
    """
    return [
        f"setsid nohup {agent} >{log} 2>&1 </dev/null &",
        f"agent=$!; looks={_LOOKS}",
        f"until grep -q '{AT_WORK}' {log} || [ $looks = 0 ]; do",
        f"  kill -0 $agent 2>/dev/null || {{ {otherwise}; tail -n {_LINES} {log}; exit 1; }}",
        f"  looks=$((looks - 1)); sleep {_LOOK_S}",
        "done",
    ]
